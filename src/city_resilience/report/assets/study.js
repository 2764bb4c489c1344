// The study: its answer, one block a part at the chosen horizon, and what it was measured on.
function shownHorizon(entries) {
  if (entries[state.h]) return String(state.h);
  return Object.keys(entries)[0];
}

function lowerAhead(h) {
  const text = word(h === "1" ? "ahead_one" : "ahead", { h });
  return text[0].toLowerCase() + text.slice(1);
}

function elsewhere(h) {
  return h === String(state.h) ? null : word("study_horizon_only", { ahead: lowerAhead(h) });
}

function studyCell(entry, numeric, first) {
  const small = entry.sub ? el("span", { class: "sub" }, say(entry.sub)) : null;
  return el(first ? "th" : "td", { scope: first ? "row" : null, class: `${numeric ? "num " : ""}${entry.tone}` },
    say(entry.text), small);
}

function studyTable(block, rows) {
  const heads = block.heads.map(([key, numeric]) => head(key, numeric));
  const body = rows.map((row) => el("tr", {}, row.map((entry, i) => studyCell(entry, block.heads[i][1], i === 0))));
  return el("div", { class: "table-box", tabindex: 0, role: "region", "aria-label": word(`study_${block.id}_title`) },
    el("table", { class: "grid study" }, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, body)));
}

function studyBlock(block) {
  const title = el("h3", {}, word(`study_${block.id}_title`));
  const h = shownHorizon(block.by_horizon);
  if (h === undefined) return el("div", { "data-part": block.id }, title, el("p", { class: "note" }, block.missing[state.lang]));
  const found = block.by_horizon[h];
  return el("div", { "data-part": block.id }, title,
    el("p", { class: "lead" }, unbroken(found.sentence[state.lang]),
      elsewhere(h) ? word("study_space") + elsewhere(h) : null), studyTable(block, found.rows));
}

function drawStudy() {
  if (!DATA.study) {
    const name = DATA.run.name;
    const command = `city-resilience study experiments/${name}/experiment.toml --out experiments/${name}/study`;
    $("study-none").textContent = word("study_none", { command });
    return;
  }
  const h = shownHorizon(DATA.study.answer);
  $("study-answer").textContent = h === undefined ? word("study_no_ablation")
    : [unbroken(DATA.study.answer[h][state.lang]), elsewhere(h)].filter(Boolean).join(word("study_space"));
  fill($("study-blocks"), DATA.study.blocks.map(studyBlock));
  $("study-source").textContent = word("study_source", DATA.study.source);
}
