// Tables of accuracy, groups and coverage; verdict and tiles.
function part() {
  return DATA.by_horizon[state.h];
}

function drawVerdict() {
  const verdict = part().verdict;
  const years = part().years.years;
  $("sentence").textContent = unbroken(verdict.sentence[state.lang]);
  $("caution").textContent = verdict.caution[state.lang];
  $("caution").hidden = !verdict.caution[state.lang];
  const naive = verdict.naive ? { naive: modelName(verdict.naive), naive_mae: number(verdict.naive_mae) } : null;
  const good = verdict.skill > 0 ? "good" : "bad";
  const tiles = [tile("tile_error", `${number(verdict.mae)} ${word("unit")}`, naive && word("tile_error_note", naive))];
  if (verdict.skill !== null) tiles.push(tile("tile_skill", signed(100 * verdict.skill, 0) + " %", word("tile_skill_note"), good));
  if (verdict.of) {
    const span = { first: years[0], last: years[years.length - 1] };
    tiles.push(tile("tile_wins", `${verdict.wins} / ${verdict.of}`, word("tile_wins_note", span)));
  }
  tiles.push(worthTile(verdict));
  fill($("tiles"), tiles);
}

function worthTile(verdict) {
  if (["history", "absent", "unknown"].includes(verdict.worth)) {
    return tile("tile_worth", word("tile_worth_unknown"), word(`worth_${verdict.worth}`));
  }
  const bounds = { low: signed(verdict.low, 3), high: signed(verdict.high, 3) };
  const note = word("tile_worth_note", bounds);
  if (verdict.worth === "none") return tile("tile_worth", word("tile_worth_none"), `${signed(verdict.difference, 3)} ${word("unit")}: ${note}`, "words");
  return tile("tile_worth", `${signed(verdict.difference, 3)} ${word("unit")}`, note, verdict.worth === "gain" ? "good" : "bad");
}

function tile(key, value, note, tone) {
  return el("div", { class: `tile ${tone || ""}` }, el("p", { class: "tile-name" }, word(key)),
    el("p", { class: "tile-value" }, value), el("p", { class: "tile-note" }, note));
}

function drawSkill() {
  const heads = [head("model"), head("mae", true, "mae_long"), head("rmse", true, "rmse_long"),
    head("rank_correlation", true, "rank_correlation_long"), head("sign_hit", true, "sign_hit_long"),
    head("skill_naive", true, "skill_naive_long"), head("skill_history", true, "skill_history_long"),
    head("difference_history", true, "difference_history_long")];
  const rows = part().skill.map((row) => el("tr", { class: row.served ? "served" : null },
    el("th", { scope: "row" }, modelName(row.model), " ", el("span", { class: `tag ${row.kind}` }, word(`kind_${row.kind}`)),
      row.served ? [" ", el("span", { class: "tag on" }, word("served"))] : [],
      row.best_naive ? [" ", el("span", { class: "tag best" }, word("best_naive"))] : []),
    cell(number(row.mae)), cell(number(row.rmse)), cell(number(row.rank_correlation)), cell(percent(row.sign_hit_rate)),
    cell(signed(row.skill_naive), tone(row.skill_naive)), cell(signed(row.skill_history), tone(row.skill_history)),
    el("td", { class: "num" }, signed(row.difference_history), " ",
      row.difference_low === null || row.difference_high === null ? null
        : el("span", { class: "range" }, `${signed(row.difference_low)} … ${signed(row.difference_high)}`))));
  fillTable("skill-table", heads, rows);
  $("skill-foot").textContent = word("skill_foot", { level: 100 * DATA.interval_level });
}

function cell(text, tone_) {
  return el("td", { class: `num ${tone_ || ""}` }, text);
}

function tone(value) {
  return value === null || value === undefined || Math.abs(value) < 0.005 ? "" : value > 0 ? "up" : "down";
}

function drawYears() {
  const years = part().years;
  const present = years.years.length > 0;
  $("fig-years").hidden = !present;
  $("years-details").hidden = !present;
  if (present) draw("fig-years", DATA.figures.by_horizon[state.h].years);
  const roles = [["served", DATA.served], ["naive", part().verdict.naive], ["history", "history_only"]]
    .filter(([role]) => years.mae[role].some((value) => value !== null));
  const heads = [head("origin_year"), ...roles.map(([, model]) => el("th", { scope: "col", class: "num" }, modelName(model)))];
  const rows = years.years.map((year, i) => el("tr", {}, el("th", { scope: "row" }, String(year)),
    roles.map(([role]) => cell(number(years.mae[role][i])))));
  fillTable("years-table", heads, rows);
}

function drawOutcome() {
  const figures = DATA.figures.by_horizon[state.h].outcomes;
  const origins = Object.keys(figures).sort();
  $("outcome-box").hidden = origins.length === 0;
  if (!origins.length) return;
  if (!origins.includes(state.origin)) state.origin = origins[origins.length - 1];
  fill($("origin"), origins.map((origin) => el("option", { value: origin },
    word("origin_option", { origin, target: part().outcomes[origin].target }))));
  $("origin").value = state.origin;
  $("origin-back").disabled = state.origin === origins[0];
  $("origin-on").disabled = state.origin === origins[origins.length - 1];
  draw("fig-outcome", figures[state.origin]);
  const year = part().outcomes[state.origin];
  $("outcome-note").textContent = year.mae === null ? word("outcome_note_bare", { n: year.n }) : word("outcome_note", {
    n: year.n, mae: number(year.mae), rank: number(year.rank_correlation),
    sign: year.sign_hit_rate === null ? "–" : Math.round(100 * year.sign_hit_rate) });
}

function stepOrigin(by) {
  const origins = Object.keys(DATA.figures.by_horizon[state.h].outcomes).sort();
  const next = origins[origins.indexOf(state.origin) + by];
  if (next) state.origin = next;
  drawOutcome();
}

// Groups and levels of the gazetteer have names in words; others are shown as the panel has them.
function groupName(id) {
  return has(`group_${id}`) ? word(`group_${id}`) : id;
}

function levelName(group, level) {
  if (group === "without_breaks") return word("without_breaks_level");
  const own = `level_${group}_${level}`;
  if (has(own)) return word(own);
  return has(`group_${group}`) && has(`level_${level}`) ? word(`level_${level}`) : level;
}

function groupRow(rows, i, width, figures) {
  const row = rows[i];
  const again = i > 0 && rows[i - 1].group === row.group;
  return el("tr", { class: i && !again ? "first" : null }, el("td", {}, again ? "" : groupName(row.group)),
    el("th", { scope: "row" }, levelName(row.group, row.level)), cell(row.n === null ? "–" : String(row.n)),
    row.withheld ? el("td", { class: "muted withheld", colspan: width }, word("withheld")) : figures(row));
}

function drawGroups() {
  const groups = part().groups;
  $("groups-box").hidden = groups.length === 0;
  const heads = [head("group"), head("level"), head("rows", true), head("mae_served", true, "mae_long"),
    head("mae_naive", true), head("mae_history", true), head("skill_naive", true, "skill_naive_long"),
    head("rank_correlation", true, "rank_correlation_long")];
  fillTable("groups-table", heads, groups.map((_, i) => groupRow(groups, i, 5, (row) => [cell(number(row.mae)),
    cell(number(row.mae_naive)), cell(number(row.mae_history)), cell(signed(row.skill_naive), tone(row.skill_naive)),
    cell(number(row.rank_correlation))])));
}

function drawDriverGroups() {
  const groups = part().driver_groups || [];
  if (!$("driver-groups")) $("groups-box").append(el("div", { id: "driver-groups" }));
  $("driver-groups").hidden = groups.length === 0;
  if (!groups.length) return;
  fill($("driver-groups"), el("h3", {}, word("driver_groups_title")), el("p", { class: "lead" }, word("driver_groups_lead")),
    el("div", { class: "table-box", tabindex: 0, role: "region", "aria-label": word("driver_groups_title") },
      el("table", { class: "grid", id: "driver-groups-table" }, el("thead"), el("tbody"))));
  const families = groups[0].families.map(([family]) => family);
  const heads = [head("group"), head("level"), head("cities_count", true),
    ...families.map((family) => el("th", { scope: "col", class: "num" }, familyName(family)))];
  fillTable("driver-groups-table", heads, groups.map((_, i) => groupRow(groups, i, families.length, (row) =>
    row.families.map(([, size, mean]) => el("td", { class: "num" }, number(size), el("span", { class: "sub" }, signed(mean)))))));
}

function statusText(status) {
  return word(`status_${status.code}`, { year: status.year });
}

function drawCoverage() {
  if (!DATA.coverage.origins.length) return;
  const count = (i) => DATA.coverage.origins.map((row) => row.cells[i]).find((c) => c && c.indicators !== null);
  const heads = [head("origin"), ...DATA.coverage.families.map((family, i) => {
    const found = count(i);
    return el("th", { scope: "col", class: "num" }, familyName(family),
      found ? el("span", { class: "sub" }, word("indicators_count", { n: found.indicators })) : null);
  })];
  const rows = DATA.coverage.origins.map((row) => el("tr", { class: row.live ? "live" : null },
    el("th", { scope: "row" }, String(row.origin), row.live ? [" ", el("span", { class: "tag on" }, word("live_row"))] : []),
    row.cells.map((c) => coverageCell(c, row.live))));
  fillTable("coverage-table", heads, rows);
}

function coverageCell(c, live) {
  if (!c) return el("td", { class: "num" }, "–");
  const status = statusText(c.status);
  const dead = !["live", "carried"].includes(c.status.code);
  const used = c.used === null ? "" : ` · ${word("used_count", { used: c.used, n: c.indicators })}`;
  const node = el("td", { class: `num${dead ? " dead" : ""}`, title: status + used }, percent(c.share),
    c.age ? el("span", { class: "sub" }, word("age_note", { age: number(c.age, 1) })) : null,
    live ? el("span", { class: "sub status" }, status) : null);
  node.style.setProperty("--share", dead ? 0 : c.share === null ? 0 : c.share);
  return node;
}

function drawDrivers() {
  const present = part().families.families.length > 0;
  $("driver-figures").hidden = !present;
  document.querySelector('[data-t="no_families"]').hidden = present;
  if (present) {
    draw("fig-families", DATA.figures.by_horizon[state.h].families);
    draw("fig-indicators", DATA.figures.by_horizon[state.h].indicators);
  }
  const absent = DATA.coverage.absent;
  if (!DATA.coverage.origins.length) return;
  fill($("absent"), absent.length ? [el("h3", {}, word("not_observed_title")), el("p", { class: "lead" }, word("not_observed_lead")),
    el("ul", { class: "plain" }, absent.map((entry) => el("li", {}, el("strong", {}, familyName(entry.family)), " ",
      el("span", { class: "muted" }, statusText(entry.status)))))] : el("p", { class: "foot" }, word("all_observed")));
}
