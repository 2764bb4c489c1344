// The table of cities and the sheet of one city.
function leading(entry, h) {
  const parts = DATA.by_horizon[h].parts[entry.city];
  return parts ? parts.top.slice(0, 3) : [];
}

function columns() {
  const hasProvince = DATA.cities.some((entry) => entry.province);
  const at = (entry) => entry.h[state.h];
  return [
    { key: "city", label: word("city"), value: (e) => e.city, cell: cityCell, row: true },
    hasProvince ? { key: "province", label: word("province"), value: (e) => e.province, cell: (e) => el("td", { class: "province" }, e.province) } : null,
    ...DATA.horizons.map((h) => ({ key: `forecast${h}`, numeric: true, current: h === state.h,
      label: `${word("forecast")}, ${horizonText(h)} (${word("unit_of_heads")})`, value: (e) => (e.h[h] ? e.h[h].forecast : null), cell: (e) => forecastCell(e, h) })),
    { key: "rank", numeric: true, label: word("rank"), value: (e) => (at(e) ? at(e).rank : null),
      cell: (e) => el("td", { class: "num rank" }, at(e) && at(e).rank !== null ? String(at(e).rank) : "–") },
    { key: "drivers", label: word("drivers_3"), value: driverSize, cell: driversCell, numericSort: true },
    { key: "coverage", numeric: true, label: word("coverage_share"), value: inputsObserved,
      cell: (e) => el("td", { class: "num coverage" }, percent(inputsObserved(e))) },
    { key: "flags", label: word("flags"), value: (e) => flags(e).join(" "), cell: (e) => el("td", { class: "flags" },
      flagNames(flags(e)).map((name) => el("span", { class: "tag flag" }, name))) },
  ].filter(Boolean);
}

function flags(entry) {
  return entry.h[state.h] ? entry.h[state.h].flags : [];
}

function inputsObserved(entry) {
  const parts = DATA.by_horizon[state.h].parts[entry.city];
  return parts ? parts.observed : null;
}

function driverSize(entry) {
  const first = leading(entry, state.h)[0];
  return first ? first[2] : null;
}

function cityCell(entry) {
  return el("th", { scope: "row", class: "city" }, el("button", { type: "button", class: "link" }, entry.city),
    entry.province ? el("span", { class: "sub only-narrow" }, entry.province) : null);
}

function forecastCell(entry, h) {
  const found = entry.h[h];
  const shade = h === state.h ? "current" : "other";
  if (!found || found.forecast === null) return el("td", { class: `num forecast ${shade}`, title: word("not_forecast") }, "–");
  return el("td", { class: `num forecast ${shade}`, title: String(found.target) },
    el("span", { class: tone(found.forecast) }, signed(found.forecast)),
    found.lower !== null && found.upper !== null
      ? el("span", { class: "sub range" }, `${signed(found.lower, 1)} … ${signed(found.upper, 1)}`) : null);
}

function driversCell(entry) {
  const top = leading(entry, state.h);
  return el("td", { class: "drivers" }, top.map(([index, , size]) => el("span", { class: "driver" },
    indicatorName(index), " ", el("b", { class: tone(size) }, signed(size)))));
}

function searchable(entry) {
  const words = leading(entry, state.h).map(([index]) => indicatorName(index));
  return [entry.city, entry.province, ...flags(entry), ...flagNames(flags(entry)), ...words].join("\n").toLowerCase();
}

function compare(a, b, column) {
  const x = column.value(a), y = column.value(b);
  const emptyX = x === null || x === "", emptyY = y === null || y === "";
  if (emptyX || emptyY) return emptyX - emptyY || collator().compare(a.city, b.city);
  const order = typeof x === "number" ? x - y : collator().compare(x, y);
  return (state.down ? -order : order) || collator().compare(a.city, b.city);
}

const collators = {};
function collator() {
  return (collators[state.lang] ||= new Intl.Collator(state.lang === "zh" ? "zh-Hans" : "en", { numeric: true }));
}

function drawCities() {
  if (!DATA.cities.length) return;
  const list = columns();
  const column = list.find((c) => c.key === state.sort) || list[0];
  const query = state.query.trim().toLowerCase();
  const found = DATA.cities.filter((entry) => !query || searchable(entry).includes(query)).sort((a, b) => compare(a, b, column));
  state.page = Math.max(0, Math.min(state.page, Math.ceil(found.length / PAGE) - 1));
  const first = state.page * PAGE;
  const shown = found.slice(first, first + PAGE);
  fillTable("city-table", list.map(sortableHead), shown.map((entry) => {
    const row = el("tr", {}, list.map((c) => c.cell(entry)));
    row.addEventListener("click", () => openCity(entry.city));
    return row;
  }));
  const bounds = { first: first + 1, last: first + shown.length, n: found.length };
  const order = word("sorted_by", { column: column.label, direction: word(state.down ? "descending" : "ascending") });
  $("shown").textContent = found.length ? `${word("rows_shown", bounds)} · ${order}` : word("rows_none");
  $("previous").disabled = state.page === 0;
  $("next").disabled = first + PAGE >= found.length;
  document.querySelector(".pager").hidden = found.length <= PAGE;
}

function sortableHead(column) {
  const on = column.key === state.sort;
  const order = on ? (state.down ? "descending" : "ascending") : "none";
  const shade = column.key.startsWith("forecast") ? `forecast ${column.current ? "current" : "other"}` : column.key;
  return el("th", { scope: "col", "aria-sort": order, class: `${column.numeric ? "num " : ""}${shade}` },
    el("button", { type: "button", class: "sort", "data-sort": column.key, onclick: () => sortBy(column) }, column.label,
      el("span", { class: "arrow", "aria-hidden": "true" }, on ? (state.down ? "▼" : "▲") : "↕")));
}

function sortBy(column) {
  const startDown = (column.numeric || column.numericSort) && column.key !== "rank";
  state.down = state.sort === column.key ? !state.down : Boolean(startDown);
  state.sort = column.key;
  state.page = 0;
  drawCities();
  document.querySelector(`[data-sort="${column.key}"]`).focus();
}

function openCity(name) {
  state.city = name;
  drawCity();
  if (!$("city").open) $("city").showModal();
  drawCityFigures();
  remember();
}

function cityEntry() {
  return DATA.cities.find((entry) => entry.city === state.city);
}

function drawCity() {
  const entry = cityEntry();
  if (!entry) return;
  const found = entry.h[state.h];
  const parts = part().parts[entry.city];
  $("city-title").textContent = found ? word("city_heading", { city: entry.city, forecast: signed(found.forecast), target: found.target }) : entry.city;
  const sentences = found ? [word("city_sub", { origin: entry.origin, h_text: horizonText(state.h) }),
    found.rank === null ? word("city_unranked") : word("city_rank", { rank: found.rank, n: ranked() }),
    found.lower !== null && found.upper !== null ? word("city_interval", { low: signed(found.lower), high: signed(found.upper), coverage: Math.round(100 * found.coverage) }) : "",
    found.p_below_0 !== null ? word("city_chances", { below: percent(found.p_below_0), below_2: percent(found.p_below_minus_2), worst: percent(found.p_worst_tenth) }) : ""]
    : [word("not_forecast")];
  if (found && !parts) sentences.push(word("no_detail"));
  $("city-sub").textContent = sentences.filter(Boolean).join(state.lang === "zh" ? "" : " ");
  $("city-body").hidden = !found || !parts;
  if (found && parts) $("city-sum").textContent = word("city_sum", { base: signed(parts.base), forecast: signed(found.forecast) });
}

function ranked() {
  return DATA.cities.filter((entry) => entry.h[state.h] && entry.h[state.h].rank !== null).length;
}

function drawCityFigures() {
  const entry = cityEntry();
  const parts = entry && part().parts[entry.city];
  if (!parts || !entry.h[state.h] || !$("city").open) return;
  const families = Object.entries(parts.families).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const steps = families.map(([family, size]) => [familyName(family), size]);
  if (parts.missing_count) steps.push([word("missing_inputs"), parts.missing]);
  const forecast = entry.h[state.h].forecast;
  const rows = [[word("base"), parts.base], ...steps, [word("forecast"), forecast]];
  const fall = frame("families", rows);
  fall.data[0].measure = ["absolute", ...steps.map(() => "relative"), "total"];
  fall.layout.xaxis.range = waterfallRange(parts.base, steps);
  draw("fig-city-families", fall);
  drawCityIndicators(parts);
}

function drawCityIndicators(parts) {
  const rows = parts.top.map(([index, value, size]) => [valueLabel(index, value), size]);
  if (parts.rest_count) rows.push([word("rest", { n: parts.rest_count }), parts.rest]);
  if (parts.missing_count) rows.push([word("missing_inputs"), parts.missing]);
  const colours = DATA.figures.city.colours;
  const bars = frame("indicators", rows);
  bars.data[0].marker.color = rows.map(([, size], i) => (i >= parts.top.length ? colours.other : size < 0 ? colours.fall : colours.rise));
  bars.layout.xaxis.range = padded([0, ...rows.map(([, size]) => size)]);
  draw("fig-city-indicators", bars);
}

function valueLabel(index, value) {
  const unit = DATA.indicators[index].unit;
  if (value === null) return indicatorName(index);
  const shown = Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(value);
  return `${indicatorName(index)}\n(${shown.replace("-", "−")}${unit ? " " + unit : ""})`;
}

function frame(name, rows) {
  const copy = structuredClone(DATA.figures.city[name]);
  copy.data[0].y = rows.map((_, i) => i);
  copy.data[0].x = rows.map(([, size]) => size);
  copy.data[0].text = rows.map(([, size]) => signed(size));
  Object.assign(copy.layout.yaxis, { tickmode: "array", tickvals: copy.data[0].y, ticktext: rows.map(([label]) => label) });
  return copy;
}

function waterfallRange(base, steps) {
  let level = base;
  const levels = [0, base, ...steps.map(([, size]) => (level += size))];
  return padded(levels);
}

function padded(values) {
  const low = Math.min(...values), high = Math.max(...values);
  const pad = 0.17 * (high - low || 1);
  return [low < 0 ? low - pad : 0, high > 0 ? high + pad : 0];
}
