// The report: horizon, the table of cities (sort, search, pages) and the sheet of one city.
Object.assign(state, { h: null, sort: "rank", down: false, city: null });
const table = $("city-table");
const rows = table ? [...table.tBodies[0].rows] : [];
const heads = table ? [...table.tHead.rows[0].cells] : [];
const forecasts = [...heads, ...rows.flatMap((row) => [...row.cells])].filter((cell) => cell.dataset.f);
const boxes = [...document.querySelectorAll("[data-figure]")];
const names = Object.fromEntries(DATA.indicators.map((indicator) => [indicator.id, indicator]));
const codes = table ? [...table.querySelectorAll(".drivers i")].map((node) => [node, node.textContent]) : [];

// What a cell shows at the horizon: the parts of it that belong to other horizons are hidden.
function shownParts(cell) {
  return [...cell.childNodes].filter((node) => !node.dataset || !node.dataset.h || node.dataset.h.split(" ").includes(String(state.h)));
}

function shownText(cell) {
  return shownParts(cell).map((node) => node.textContent).join(" ").trim();
}

function sortValue(row) {
  const place = heads.findIndex((head) => head.dataset.key === state.sort);
  const cell = row.cells[place];
  if (!heads[place].matches(".num, .drivers")) return shownText(cell);
  const figure = shownParts(cell).map((node) => (node.matches && node.matches("b") ? node : node.querySelector && node.querySelector("b"))).find(Boolean);
  const value = parseFloat((figure ? figure.textContent : shownText(cell)).replace("−", "-"));
  return Number.isNaN(value) ? "" : value;
}

const collators = {};
function collator() {
  return (collators[state.lang] ||= new Intl.Collator(state.lang === "zh" ? "zh-Hans" : "en", { numeric: true }));
}

function compare([x, a], [y, b]) {
  const byName = () => collator().compare(a.cells[0].textContent, b.cells[0].textContent);
  if (x === "" || y === "") return (x === "") - (y === "") || byName();
  const order = typeof x === "number" ? x - y : collator().compare(x, y);
  return (state.down ? -order : order) || byName();
}

function drawCities() {
  if (!table) return;
  const query = state.query.trim().toLowerCase();
  const found = rows.filter((row) => !query || [...row.cells].map(shownText).join("\n").toLowerCase().includes(query));
  const sorted = found.map((row) => [sortValue(row), row]).sort(compare).map(([, row]) => row);
  const [first, last] = pageOf(sorted, false);
  table.tBodies[0].replaceChildren(...sorted.slice(first, last));
  const column = heads.find((head) => head.dataset.key === state.sort);
  const label = Object.fromEntries(["en", "zh"].map((lang) => [lang, column.querySelector(`[lang=${lang}]`).textContent]));
  const some = found.length || null;
  put($("shown"), { first: first + 1, last, n: some, none: some ? null : "", column: label,
    up: some && !state.down ? "" : null, down: some && state.down ? "" : null });
  document.querySelector(".pager").hidden = found.length <= PAGE;
  for (const head of heads) {
    const on = head === column;
    head.setAttribute("aria-sort", on ? (state.down ? "descending" : "ascending") : "none");
    head.querySelector(".arrow").textContent = on ? (state.down ? "▼" : "▲") : "↕";
  }
}

function sortBy(head) {
  state.down = state.sort === head.dataset.key ? !state.down : head.dataset.down !== undefined;
  state.sort = head.dataset.key;
  state.page = 0;
  drawCities();
}

function openCity(name) {
  state.city = name;
  if (!$("city").open) $("city").showModal();
  drawCity();
  keep();
}

function drawCity() {
  const entry = DATA.cities.find((one) => one.city === state.city);
  if (!entry || !$("city").open) return;
  const found = entry.h[state.h];
  const parts = found && DATA.parts[state.h][entry.city];
  const values = { city: entry.city, origin: entry.origin, unknown: found ? null : "", no_detail: found && !parts ? "" : null };
  if (found) {
    const share = (value) => (value === undefined ? null : `${Math.round(100 * value)}\u00a0%`);
    const chances = ["p_below_0", "p_below_minus_2", "p_worst_tenth"].map((event) => [event, share(found[event])]);
    Object.assign(values, Object.fromEntries(chances), {
      forecast: signed(found.forecast), target: found.target, base: parts ? signed(parts.base) : null,
      rank: found.rank, unranked: found.rank === undefined ? "" : null, n: DATA.cities.filter((one) => one.nation === entry.nation && one.h[state.h] && one.h[state.h].rank !== undefined).length,
      nowcast: found.nowcast === undefined ? null : signed(found.nowcast), moved: found.moved === undefined ? null : signed(found.moved),
      coverage: Math.round(100 * found.coverage), lower: found.lower === undefined ? null : signed(found.lower), upper: found.upper === undefined ? null : signed(found.upper) });
  }
  put($("city"), values);
  $("city-body").hidden = !parts;
  if (parts) drawCityFigures(parts, found.forecast);
}

function drawAll() {
  drawLanguage();
  root.dataset.horizon = state.h;
  for (const button of $("horizons").querySelectorAll("button")) button.setAttribute("aria-pressed", String(Number(button.dataset.horizon) === state.h));
  for (const cell of forecasts) {
    cell.classList.toggle("current", Number(cell.dataset.f) === state.h);
    cell.classList.toggle("other", Number(cell.dataset.f) !== state.h);
  }
  for (const [node, code] of codes) node.textContent = pick(names[code]);
  drawCities();
  if (state.h !== null) boxes.forEach(drawBox);
  drawCity();
}

function keep() {
  remember({ h: state.h, city: state.city });
}

function recall() {
  const kept = recalled();
  const h = Number(kept.get("h"));
  state.h = DATA.horizons.includes(h) ? h : state.h !== null ? state.h : DATA.horizons.length ? DATA.horizons[0] : null;
  return kept.get("city");
}

function button(kind, children, clicked) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: kind });
  made.append(...children);
  if (clicked) made.addEventListener("click", clicked);
  return made;
}

for (const head of heads) {
  const arrow = document.createElement("span");
  Object.assign(arrow, { className: "arrow", ariaHidden: "true" });
  const sort = button("sort", [...head.childNodes, arrow], () => sortBy(head));
  sort.dataset.sort = head.dataset.key;
  head.replaceChildren(sort);
}
rows.forEach((row, i) => {
  const name = row.cells[0].firstElementChild;
  name.replaceWith(button("link", name.childNodes));
  row.addEventListener("click", () => openCity(DATA.cities[i].city));
});
if (table) {
  wirePager(drawCities, table);
  $("search").addEventListener("input", (event) => {
    Object.assign(state, { query: event.target.value, page: 0 });
    drawCities();
  });
}
boxes.forEach(wireBox);
wireLinks();
wirePage(drawAll, keep);
$("horizons").addEventListener("click", (event) => {
  const chosen = event.target.closest("button");
  if (!chosen) return;
  Object.assign(state, { h: Number(chosen.dataset.horizon), page: 0 });
  drawAll();
  keep();
});
$("city-close").addEventListener("click", () => $("city").close());
$("city").addEventListener("click", (event) => {
  if (event.target === $("city")) $("city").close();
});
$("city").addEventListener("close", () => {
  state.city = null;
  keep();
});
window.addEventListener("hashchange", () => {
  recall();
  drawAll();
});
let narrow = window.innerWidth < 640;
window.addEventListener("resize", () => {
  if (narrow !== window.innerWidth < 640) {
    narrow = !narrow;
    drawAll();
  }
});
window.addEventListener("beforeprint", () => {
  for (const plot of document.querySelectorAll(".js-plotly-plot")) if (plot.offsetParent) Plotly.Plots.resize(plot);
});

const asked = recall();
drawAll();
if (asked && state.h !== null && DATA.cities.some((entry) => entry.city === asked)) openCity(asked);
