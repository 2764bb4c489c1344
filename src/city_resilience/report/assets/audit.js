// The audit page: language, the map's read-out, filters, pages, copying.
Object.assign(state, { severity: "", check: "", variable: "", whole: false });
const FILTERS = ["severity", "check", "variable", "query"];
const rows = [...document.querySelectorAll("#finding-table tbody tr")];

function drawTexts() {
  document.documentElement.lang = state.lang === "zh" ? "zh-Hans" : "en";
  document.title = DATA.title[state.lang];
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = word(node.dataset.t);
  for (const node of document.querySelectorAll("[data-en]")) node.textContent = node.dataset[state.lang];
  for (const node of document.querySelectorAll("[data-aria]")) node.setAttribute("aria-label", word(node.dataset.aria));
  for (const node of document.querySelectorAll("[data-placeholder]")) node.placeholder = word(node.dataset.placeholder);
  const other = state.lang === "zh" ? "en" : "zh";
  $("language").textContent = WORDS[other].language_name;
  $("language").lang = other;
}

// A finding is found by its own text and by its names in the other language.
function searchable(row) {
  const names = ["en", "zh"].map((lang) => [WORDS[lang][`var_${row.dataset.v}`], WORDS[lang][`check_${row.dataset.c}`]]);
  return [row.textContent, row.dataset.v, row.dataset.c, ...names.flat()].join("\n").toLowerCase();
}

function matching() {
  const query = state.query.trim().toLowerCase();
  return rows.filter((row) => (!state.severity || row.dataset.s === state.severity)
    && (!state.check || row.dataset.c === state.check)
    && (!state.variable || row.dataset.v === state.variable)
    && (!query || searchable(row).includes(query)));
}

function drawFindings() {
  if (!rows.length) return;
  const found = matching();
  state.page = Math.max(0, Math.min(state.page, Math.ceil(found.length / PAGE) - 1));
  const paged = !state.whole && found.length > PAGE;
  const first = paged ? state.page * PAGE : 0;
  const last = paged ? Math.min(first + PAGE, found.length) : found.length;
  const place = new Map(found.map((row, i) => [row, i]));
  for (const row of rows) {
    row.hidden = !place.has(row);
    row.classList.toggle("off", place.get(row) < first || place.get(row) >= last);
  }
  drawFinder(found, paged, first, last);
}

function drawFinder(found, paged, first, last) {
  const key = !found.length ? "found_none" : found.length === 1 ? "found_one" : paged ? "found" : "found_all";
  $("shown").textContent = word(key, { first: first + 1, last, n: found.length });
  $("reset").hidden = !FILTERS.some((name) => state[name]);
  const count = corrections(found).length;
  $("copy-shown").hidden = count < 2;
  $("copy-shown").textContent = word("copy_shown", { n: count });
  $("previous").hidden = $("next").hidden = !paged;
  $("previous").disabled = first === 0;
  $("next").disabled = last >= found.length;
  $("whole").hidden = found.length <= PAGE;
  $("whole").textContent = word(state.whole ? "by_pages" : "show_all");
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
  const before = button.textContent;
  button.textContent = word(done ? "copied" : "copy_failed");
  button.disabled = true;
  setTimeout(() => {
    button.disabled = false;
    button.textContent = before;
    drawFindings();
  }, 1200);
}

function copyBySelection(text) {
  const area = el("textarea", { "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

function readCell(cell) {
  const row = cell.parentElement;
  const variable = word(`var_${row.dataset.variable}`);
  const year = DATA.years[cell.cellIndex - 1];
  const share = cell.textContent;
  $("readout").textContent = word(share === "0" ? "readout_none" : "readout", { variable, year, share });
}

// One cell of the map takes part in the tab order; the arrow keys move it.
function wireMap() {
  const lines = [...$("map").querySelectorAll("tr[data-variable]")].map((row) => [...row.querySelectorAll("td:not(.series)")]);
  if (!lines.length || !lines[0].length) return;
  let current = lines[0][0];
  current.tabIndex = 0;
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
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
  for (const cell of lines.flat()) if (cell !== current) cell.tabIndex = -1;
  function show(cell, focused) {
    if (!cell.matches("tr[data-variable] > td[tabindex]")) return;
    readCell(cell);
    if (!focused) return;
    current.tabIndex = -1;
    current = cell;
    current.tabIndex = 0;
  }
}

function remember() {
  const kept = new URLSearchParams({ lang: state.lang });
  for (const name of FILTERS) if (state[name]) kept.set(name, state[name]);
  history.replaceState(null, "", `#${kept}`);
}

function recall() {
  const kept = new URLSearchParams(location.hash.slice(1));
  if (["en", "zh"].includes(kept.get("lang"))) state.lang = kept.get("lang");
  for (const name of FILTERS) state[name] = kept.get(name) || "";
}

function filter(changes) {
  Object.assign(state, { page: 0 }, changes);
  drawFindings();
  remember();
}

function only(name, value) {
  filter({ ...Object.fromEntries(FILTERS.map((each) => [each, ""])), [name]: value });
}

function wireFinder() {
  $("severity").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) filter({ severity: button.dataset.severity });
  });
  for (const name of ["check", "variable"]) $(name).addEventListener("change", (event) => filter({ [name]: event.target.value }));
  $("search").addEventListener("input", (event) => filter({ query: event.target.value }));
  $("reset").addEventListener("click", () => {
    filter(Object.fromEntries(FILTERS.map((name) => [name, ""])));
    $("search").focus();
  });
  $("copy-shown").addEventListener("click", (event) => copyText(corrections(matching()).join("\n"), event.target));
  $("whole").addEventListener("click", () => {
    state.whole = !state.whole;
    drawFindings();
  });
  for (const [id, by] of [["previous", -1], ["next", 1]]) {
    $(id).addEventListener("click", () => {
      state.page += by;
      drawFindings();
      $("finding-table").scrollIntoView({ block: "start" });
    });
  }
  $("finding-table").addEventListener("click", (event) => {
    if (event.target.matches(".copy")) copyText(event.target.previousElementSibling.textContent, event.target);
  });
}

function drawAll() {
  drawTexts();
  drawFindings();
}

$("language").addEventListener("click", () => {
  state.lang = state.lang === "zh" ? "en" : "zh";
  drawAll();
  remember();
});
for (const link of document.querySelectorAll("a[href^='#']")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    if (link.dataset.for) only(link.dataset.for, link.dataset.value);
    const target = $(link.getAttribute("href").slice(1));
    target.setAttribute("tabindex", "-1");
    target.scrollIntoView();
    target.focus({ preventScroll: true });
  });
}
window.addEventListener("hashchange", () => {
  recall();
  drawAll();
});
for (const node of document.querySelectorAll(".js-only, #language, .copy")) node.hidden = false;
if (rows.length) wireFinder();
wireMap();
recall();
drawAll();
