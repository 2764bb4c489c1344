// The table of all cities: search, filters, order, columns, pages, download, and what is compared.
Object.assign(state, { h: DATA.horizons[0] ?? null, set: "", sort: "", down: false, tier: "", province: "", groups: {}, columns: null, compared: [], all: false });
const byName = new Map(DATA.cities.map((city) => [city.city, city]));
const table = $("city-table");
const MOST = 5;

// A place as the reader's language has it.
const nameOf = (city) => (state.lang === "en" && city.name_en ? city.name_en : city.city);
const provinceOf = (name) => (state.lang === "en" && provinceNames[name]) || name;
const ownTitle = (city) => (nameOf(city) === city.city ? null : city.city);
const headingOf = (city) => (ownTitle(city) ? [nameOf(city), " ", made("span", { class: "muted", lang: "zh-Hans" }, city.city)] : [city.city]);

// What is known of a city at a horizon, with early releases where the reader wants them.
function atOf(city, h = state.h) {
  const at = city.h[h];
  return at && state.set && at.nowcast ? { ...at, ...at.nowcast } : at;
}

function columnsShown() {
  return DATA.columns.filter((column) => (state.columns ? state.columns.includes(column.id) : column.shown));
}

function driversOf(city) {
  const parts = DATA.parts[state.h][city.city];
  return parts ? parts.top.slice(0, 3).map(([index, , size]) => [pick(DATA.indicators[index]), size]) : [];
}

// The value by which a column is put in order, and that a download writes.
function valueOf(city, column) {
  const at = atOf(city) || {};
  if (column.id === "range") return at.lower;
  if (column.id === "tier") return at.tier ? Object.keys(DATA.tiers).indexOf(at.tier) : undefined;
  if (column.id === "flags") return flagsOf(city).join("; ");
  if (column.id === "drivers") return driversOf(city).map(([name, size]) => `${name} ${signed(size)}`).join("; ");
  if (column.id === "observed") return (DATA.parts[state.h][city.city] || {}).observed;
  if (column.id === "mae") return (recordOf(city) || {}).mae;
  if (column.id === "city") return nameOf(city);
  if (column.id === "own") return city.city;
  if (column.id === "province") return provinceOf(city.province);
  return column.id in at ? at[column.id] : city[column.id];
}

function recordOf(city) {
  const outlook = DATA.outlook[state.h];
  const values = outlook && outlook.records[city.city];
  return values && Object.fromEntries(DATA.record.map((name, i) => [name, values[i]]));
}

// Flags in words: all families that were carried in one.
function flagWords(places) {
  const flags = places.map((place) => DATA.flags[place]), carried = flags.filter((flag) => flag.carried).map(pick);
  return [...flags.filter((flag) => !flag.carried).map(pick), ...(carried.length ? [`${pick(TEXT.flag_carried)}${carried.join(", ")}`] : [])];
}

// What stands above the table of all cities is not said again in its rows.
function flagsOf(city) {
  const usual = DATA.usual[state.h] || [];
  return [...flagWords(((atOf(city) || {}).flags || []).filter((place) => !usual.includes(place))), ...city.problems.map(problemWords)];
}

function shownValue(city, column) {
  const value = valueOf(city, column), at = atOf(city) || {};
  if (column.id === "range") return range(at) || "–";
  if (column.kind === "tier") return at.tier ? made("span", { class: `tier ${at.tier}` }, pick(DATA.tiers[at.tier])) : "–";
  if (!known(value) || value === "") return column.kind === "list" ? "" : "–";
  if (column.kind === "signed") return made("b", { class: column.id === "forecast" ? at.clear || null : null }, signed(value));
  if (column.kind === "share") return share(value);
  if (column.kind === "figure") return number(value);
  if (column.kind === "whole") return Math.round(value).toLocaleString(locale());
  return String(value);
}

const collators = {};
function collator() {
  return (collators[state.lang] ||= new Intl.Collator(locale(), { numeric: true }));
}

// Every word of the search is somewhere in a name, a province, a flag or the other keys of a city.
function plain(text) {
  return text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
}

function matches(city, words) {
  city.text ||= {};
  const text = (city.text[state.lang] ||= plain([city.city, city.name_en, city.province, provinceOf(city.province), city.nation, ...(city.keys || []), ...flagsOf(city)].filter(Boolean).join("\n")));
  return words.every((word) => text.includes(word));
}

function found() {
  const words = plain(state.query).split(/\s+/).filter(Boolean);
  const chosen = Object.entries(state.groups).filter(([, level]) => level);
  return DATA.cities.filter((city) => matches(city, words) && (!state.province || city.province === state.province)
    && (!state.tier || (atOf(city) || {}).tier === state.tier) && chosen.every(([group, level]) => (city.groups || {})[group] === level));
}

function ordered(cities) {
  const column = DATA.columns.find((one) => one.id === state.sort) || DATA.columns[0];
  const rows = cities.map((city) => [valueOf(city, column), city]);
  const named = (a, b) => collator().compare(nameOf(a), nameOf(b));
  rows.sort(([x, a], [y, b]) => {
    const none = (value) => !known(value) || value === "";
    if (none(x) || none(y)) return none(x) - none(y) || named(a, b);
    const order = typeof x === "number" ? x - y : collator().compare(x, y);
    return (state.down ? -order : order) || named(a, b);
  });
  return rows.map(([, city]) => city);
}

function cityLink(name) {
  const city = byName.get(name);
  return made("a", { href: addressOf("city", name), title: city ? ownTitle(city) : null }, city ? nameOf(city) : name);
}

function cityRow(city, columns) {
  const box = made("input", { type: "checkbox", class: "pick", "aria-label": `${pick(TEXT.compare)}: ${nameOf(city)}` });
  box.checked = state.compared.includes(city.city);
  box.addEventListener("change", () => compare(city.city, box.checked));
  const cells = columns.map((column) => {
    if (column.id === "city") return made("th", { scope: "row", class: "city" }, cityLink(city.city));
    const text = ["text", "tier", "list", "drivers"].includes(column.kind);
    return made("td", { class: text ? `kind-${column.kind}` : "num", "data-column": column.id }, shownValue(city, column));
  });
  return made("tr", {}, made("td", {}, box), ...cells);
}

function heading(column) {
  const on = state.sort === column.id, arrow = made("span", { class: "arrow", "aria-hidden": "true" }, on ? (state.down ? "▼" : "▲") : "↕");
  const sort = made("button", { type: "button", class: "sort", "data-sort": column.id }, pick(column.text), arrow);
  sort.addEventListener("click", () => {
    Object.assign(state, { down: on ? !state.down : column.down, sort: column.id, page: 0 });
    drawCities();
    keep();
    table.tHead.querySelector(`[data-sort="${column.id}"]`).focus();
  });
  const text = ["text", "tier", "list", "drivers"].includes(column.kind);
  return made("th", { scope: "col", class: text ? null : "num", "aria-sort": on ? (state.down ? "descending" : "ascending") : "none" }, sort);
}

function drawCities() {
  if (!table) return;
  const cities = ordered(found()), columns = columnsShown();
  const [first, last] = pageOf(cities, state.all);
  table.tHead.replaceChildren(made("tr", {}, made("th", { scope: "col", class: "pick-head" }, made("span", { class: "unseen" }, pick(TEXT.compare))), ...columns.map(heading)));
  table.tBodies[0].replaceChildren(...cities.slice(first, last).map((city) => cityRow(city, columns)));
  $("shown").textContent = cities.length ? fillText(TEXT.shown, { first: first + 1, last, n: cities.length }) : pick(TEXT.none);
  document.querySelector(".pager").hidden = cities.length <= PAGE;
  drawCompared();
}

function drawCompared() {
  $("compare").hidden = state.compared.length < 2;
  $("compare-count").textContent = `(${state.compared.length})`;
  $("compare").href = addressOf("compare", state.compared.join("\n"));
}

function compare(name, on) {
  const others = state.compared.filter((one) => one !== name);
  state.compared = on ? [...others, name].slice(-MOST) : others;
  drawCities();
}

// A text that a spreadsheet would take for a formula is kept a text.
function csvCell(value) {
  if (!known(value)) return "";
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

function csvOf() {
  const columns = columnsShown().flatMap((column) => (column.id === "range" ? [{ id: "lower", text: `${pick(column.text)} −` }, { id: "upper", text: `${pick(column.text)} +` }] : [column]));
  const value = (city, column) => (column.kind === "tier" ? pick(DATA.tiers[(atOf(city) || {}).tier] || "") : valueOf(city, column));
  if (DATA.cities.some(ownTitle)) columns.unshift({ id: "own", text: DATA.words.own_name });
  const lines = [columns.map((column) => pick(column.text)), ...ordered(found()).map((city) => columns.map((column) => value(city, column)))];
  return `\ufeff${lines.map((line) => line.map(csvCell).join(",")).join("\r\n")}\r\n`;
}

function download() {
  const link = made("a", { href: URL.createObjectURL(new Blob([csvOf()], { type: "text/csv" })), download: `${DATA.name}_${state.h}.csv` });
  document.body.append(link);
  link.click();
  link.remove();
}

function option(value, text, chosen) {
  const one = new Option(text, value);
  one.selected = value === chosen;
  return one;
}

function fillSelect(node, options, chosen) {
  if (node) node.replaceChildren(option("", pick(DATA.words.explore_all), chosen), ...options.map(([value, text]) => option(value, pick(text), chosen)));
}

function drawFilters() {
  const provinces = [...new Set(DATA.cities.map((city) => city.province).filter(Boolean))].sort((a, b) => collator().compare(provinceOf(a), provinceOf(b)));
  fillSelect($("filter-province"), provinces.map((name) => [name, provinceOf(name)]), state.province);
  fillSelect($("filter-tier"), Object.entries(DATA.tiers), state.tier);
  for (const group of DATA.groups) fillSelect(document.querySelector(`[data-group="${CSS.escape(group.id)}"]`), group.levels, state.groups[group.id] || "");
  if (!$("columns")) return;
  const shown = columnsShown().map((column) => column.id);
  $("columns").replaceChildren(...DATA.columns.slice(1).map((column) => {
    const box = made("input", { type: "checkbox", value: column.id });
    box.checked = shown.includes(column.id);
    return made("label", {}, box, " ", pick(column.text));
  }));
}
