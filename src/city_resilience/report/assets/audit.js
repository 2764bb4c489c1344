// The audit page: the map's read-out, filters, pages, copying.
Object.assign(state, { severity: "", check: "", variable: "", whole: false });
const FILTERS = ["severity", "check", "variable", "query"];
const rows = [...document.querySelectorAll("#issue-table tbody tr")];
// An issue is found by its own text, its ids and its names in both languages.
const texts = new Map(rows.map((row) => [row, [row.textContent, row.dataset.v, row.dataset.c, row.dataset.id].join("\n").toLowerCase()]));

function matching() {
  const query = state.query.trim().toLowerCase();
  return rows.filter((row) => (!state.severity || row.dataset.s === state.severity)
    && (!state.check || row.dataset.c === state.check)
    && (!state.variable || row.dataset.v === state.variable)
    && (!query || texts.get(row).includes(query)));
}

function drawIssues() {
  if (!rows.length) return;
  const found = matching();
  const [first, last] = pageOf(found, state.whole);
  const place = new Map(found.map((row, i) => [row, i]));
  for (const row of rows) {
    row.hidden = !place.has(row);
    row.classList.toggle("off", place.get(row) < first || place.get(row) >= last);
  }
  const n = found.length, paged = !state.whole && n > PAGE;
  const shown = !n ? "none" : n === 1 ? "one" : paged ? "paged" : "all";
  put($("shown"), { first: first + 1, last, n, [shown]: "" });
  $("reset").hidden = !FILTERS.some((name) => state[name]);
  const count = corrections(found).length;
  $("copy-shown").hidden = count < 2;
  put($("copy-shown"), { n: count });
  $("previous").hidden = $("next").hidden = !paged;
  $("whole").hidden = n <= PAGE;
  put($("whole"), state.whole ? { whole: "" } : { paged: "" });
  for (const button of $("severity").querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.severity === state.severity));
  }
  for (const [id, name] of [["check", "check"], ["variable", "variable"], ["search", "query"]]) $(id).value = state[name];
}

// One line a key: an experiment file may not hold the same key twice.
function corrections(found) {
  const lines = new Map();
  for (const row of found) {
    const code = row.querySelector(".correction code");
    const key = code && code.textContent.replace(/\s*=\s*\S+\s*$/, "");
    if (code && !lines.has(key)) lines.set(key, code.textContent);
  }
  return [...lines.values()];
}

async function copyText(text, button) {
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    done = copyBySelection(text);
  }
  const before = [...button.childNodes];
  button.replaceChildren(pick(DATA.words[done ? "copied" : "copy_failed"]));
  button.disabled = true;
  setTimeout(() => {
    button.disabled = false;
    button.replaceChildren(...before);
  }, 1200);
}

function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

function readCell(cell) {
  const label = cell.parentElement.querySelector(".label");
  const variable = Object.fromEntries(["en", "zh"].map((lang) => [lang, (label.querySelector(`[lang=${lang}]`) || label).textContent]));
  const share = cell.textContent;
  put($("readout"), { variable, year: DATA.years[cell.cellIndex - 1], share: share === "0" ? null : share, none: share === "0" ? "" : null });
}

// One cell of the map takes part in the tab order; the arrow keys move it.
function wireMap() {
  const lines = [...$("map").querySelectorAll("tr[data-variable]")].map((row) => [...row.querySelectorAll("td:not(.series)")]);
  if (!lines.length || !lines[0].length) return;
  let current = lines[0][0];
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const show = (cell, focused) => {
    if (!cell.matches("tr[data-variable] > td[tabindex]")) return;
    readCell(cell);
    if (!focused) return;
    current.tabIndex = -1;
    current = cell;
    current.tabIndex = 0;
  };
  $("map").addEventListener("keydown", (event) => {
    const move = moves[event.key];
    const line = lines.findIndex((cells) => cells.includes(event.target));
    if (!move || line < 0) return;
    event.preventDefault();
    const next = (lines[line + move[0]] || [])[lines[line].indexOf(event.target) + move[1]];
    if (next) next.focus();
  });
  $("map").addEventListener("focusin", (event) => show(event.target, true));
  $("map").addEventListener("pointerover", (event) => show(event.target, false));
  for (const cell of lines.flat()) cell.tabIndex = cell === current ? 0 : -1;
}

function keep() {
  remember(Object.fromEntries(FILTERS.map((name) => [name, state[name]])));
}

function recall() {
  const kept = recalled();
  for (const name of FILTERS) state[name] = kept.get(name) || "";
}

function filter(changes) {
  Object.assign(state, { page: 0 }, changes);
  drawIssues();
  keep();
}

function only(name, value) {
  filter({ ...Object.fromEntries(FILTERS.map((each) => [each, ""])), ...(name && { [name]: value }) });
}

function wireFinder() {
  $("severity").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) filter({ severity: button.dataset.severity });
  });
  for (const name of ["check", "variable"]) $(name).addEventListener("change", (event) => filter({ [name]: event.target.value }));
  $("search").addEventListener("input", (event) => filter({ query: event.target.value }));
  $("reset").addEventListener("click", () => {
    only();
    $("search").focus();
  });
  $("copy-shown").addEventListener("click", () => copyText(corrections(matching()).join("\n"), $("copy-shown")));
  $("whole").addEventListener("click", () => {
    state.whole = !state.whole;
    drawIssues();
  });
  wirePager(drawIssues, $("issue-table"));
  $("issue-table").addEventListener("click", (event) => {
    const copy = event.target.closest(".copy");
    if (copy) copyText(copy.previousElementSibling.textContent, copy);
  });
}

function drawAll() {
  drawLanguage();
  for (const kind of ["correction", "acceptance"]) {
    for (const copy of document.querySelectorAll(`.${kind} .copy`)) copy.setAttribute("aria-label", pick(DATA.words[`copy_${kind}`]));
  }
  drawIssues();
}

wirePage(drawAll, keep);
wireLinks((link) => link.dataset.for && only(link.dataset.for, link.dataset.value));
window.addEventListener("hashchange", () => {
  recall();
  drawAll();
});
if (rows.length) wireFinder();
wireMap();
recall();
drawAll();
