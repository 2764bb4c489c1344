// The past of a city with its fan, rows of intervals, and the falls from base to forecast.

const MOST_STEPS = 4;

// A forecast over some years of a measure that adds up is drawn as its mean by year.
function span(h) {
  return DATA.adds_up ? Number(h) : 1;
}

function byYear(values) {
  return (values || []).map((value, i) => [DATA.years[i], value]).filter(([, value]) => known(value));
}

// What is drawn of a city: past, past forecasts, those to come, and the lines beside them.
function seriesOf(city) {
  const before = DATA.before[state.h], wide = span(state.h), told = before.of[city.city] || [];
  const ahead = DATA.horizons.map((h) => [h, atOf(city, h)]).filter(([, at]) => at && known(at.forecast));
  return { past: byYear(city.past), origin: city.origin, told: told.map((value, i) => [before.targets[i], value / wide]).filter((_, i) => known(told[i])),
    ahead: ahead.map(([h, at]) => ({ target: at.target, ...Object.fromEntries(["forecast", "lower", "upper", "lower_80", "upper_80"].map((key) => [key, known(at[key]) ? at[key] / span(h) : null])) })),
    lines: [["group", byYear(groupPast(city))], ["peers", byYear(city.peers_past)]] };
}

function endsOf(all) {
  const values = all.flatMap((own) => [0, ...[...own.past, ...own.told].map(([, value]) => value), ...own.ahead.flatMap((at) => [at.forecast, at.lower, at.upper].filter(known))]);
  const years = all.flatMap((own) => [...own.past, ...own.told].map(([year]) => year).concat(own.ahead.map((at) => at.target)));
  const low = Math.min(...values), high = Math.max(...values), pad = 0.06 * (high - low) || 1;
  return { low: low - pad, high: high + pad, first: Math.min(...years) - 0.5, last: Math.max(...years) + 0.5, empty: !years.length };
}

function fanOf(own, { small = 0, ends = endsOf([own]), label = "" } = {}) {
  const { low, high, first, last, empty } = ends;
  if (empty) return made("p", { class: "muted" }, "–");
  const narrow = matchMedia("(max-width: 40rem)").matches, wide = small || (narrow ? 360 : 560), tall = small ? 200 : narrow ? 240 : 270;
  const x = (year) => Number((38 + ((wide - 46) * (year - first)) / (last - first)).toFixed(1)), y = (value) => Number((8 + ((tall - 32) * (high - value)) / (high - low)).toFixed(1));
  const root = svg("svg", { class: "chart fan", viewBox: `0 0 ${wide} ${tall}`, role: "img", "aria-label": label });
  for (const value of ticks(low, high)) root.append(svg("path", { class: value === 0 ? "zero" : "rule", d: `M38 ${y(value)}H${wide - 8}` }), svg("text", { class: "side", x: 33, y: y(value) + 4 }, number(value, value % 1 ? 1 : 0)));
  for (const year of ticks(first, last, small ? 4 : 6)) if (Number.isInteger(year)) root.append(svg("text", { class: "below", x: x(year), y: tall - 6 }, year));
  const line = (kind, points) => root.append(svg("path", { class: `line ${kind}`, d: `M${points.map(([year, value]) => `${x(year)} ${y(value)}`).join("L")}` }));
  const newest = own.past.find(([year]) => year === own.origin), from = newest ? [newest] : [];
  for (const [kind, lower, upper] of [["wide", "lower", "upper"], ["inner", "lower_80", "upper_80"]]) {
    const told = own.ahead.filter((at) => known(at[upper]));
    if (told.length + from.length > 1 && told.length) root.append(svg("path", { class: `band ${kind}`, d: `M${[...from, ...told.map((at) => [at.target, at[upper]]), ...told.map((at) => [at.target, at[lower]]).reverse()].map(([year, value]) => `${x(year)} ${y(value)}`).join("L")}Z` }));
  }
  for (const [kind, points] of small ? [] : own.lines) {
    const inside = points.filter(([, value]) => value >= low && value <= high);
    if (inside.length > 1) line(kind, inside);
  }
  if (own.past.length) line("past", own.past);
  if (own.ahead.length && newest) line("next", [newest, ...own.ahead.map((at) => [at.target, at.forecast])]);
  root.append(svg("path", { class: "dot past", d: own.past.map(([year, value]) => `M${x(year)} ${y(value)}h0`).join("") || "M0 0" }));
  for (const [year, value] of own.told) root.append(svg("circle", { class: "before", cx: x(year), cy: y(value), r: 3 }));
  for (const at of own.ahead) {
    if (known(at.upper)) root.append(svg("path", { class: "whisker", d: `M${x(at.target)} ${y(at.lower)}V${y(at.upper)}` }));
    root.append(svg("circle", { class: "now", cx: x(at.target), cy: y(at.forecast), r: 4 }));
  }
  return root;
}

function fanTable(city) {
  const before = DATA.before[state.h], told = Object.fromEntries(before.targets.map((year, i) => [year, (before.of[city.city] || [])[i]]));
  const by = (values) => Object.fromEntries(byYear(values)), past = by(city.past), group = by(groupPast(city)), peers = by(city.peers_past);
  const ahead = Object.fromEntries(DATA.horizons.map((h) => atOf(city, h)).filter(Boolean).map((at) => [at.target, at]));
  const years = [...new Set([past, told, ahead].flatMap(Object.keys))].sort((a, b) => b - a);
  const written = (value) => (known(value) ? signed(value, 1) : "–"), word = (key) => pick(DATA.words[key]);
  const inner = (at) => (at && known(at.upper_80) ? `${signed(at.lower_80, 1)} … ${signed(at.upper_80, 1)}` : "–");
  const rows = years.map((year) => [year, written(past[year]), written(group[year]), written(peers[year]), written(ahead[year] ? ahead[year].forecast : told[year]), inner(ahead[year]), (ahead[year] && range(ahead[year])) || "–"]);
  return tableOf(["", ...["past_outcome", "key_group", "key_peers", "past_forecast", "range_80", "range_90"].map(word)], rows);
}

function tableOf(heads, rows) {
  const head = made("tr", {}, ...heads.map((text, i) => made("th", { scope: "col", class: i ? "num" : null }, text)));
  const body = rows.map((row) => made("tr", {}, ...row.map((value, i) => made(i ? "td" : "th", i ? { class: "num" } : { scope: "row" }, value))));
  return made("table", { class: "grid compact" }, made("thead", {}, head), made("tbody", {}, ...body));
}

// Cities below each other on one scale: forecast, 80 % and 90 % interval.
function rangesOf(cities) {
  const told = cities.map((city) => [city, atOf(city)]).filter(([, at]) => at && known(at.forecast));
  const ends = told.flatMap(([, at]) => [0, at.forecast, at.lower ?? 0, at.upper ?? 0]), low = Math.min(...ends), high = Math.max(...ends) + 1e-9;
  const place = (value) => 1 + (98 * (value - low)) / (high - low), percent = (value) => `${place(value).toFixed(1)}%`;
  return made("ol", { class: "ranges" }, ...told.map(([city, at]) => {
    const drawing = svg("svg", { "aria-hidden": "true" }, svg("line", { class: "zero", x1: percent(0), x2: percent(0), y1: "0", y2: "100%" }));
    for (const [kind, from, to] of [["wide", at.lower, at.upper], ["inner", at.lower_80, at.upper_80]]) if (known(to)) drawing.append(svg("rect", { class: kind, x: percent(from), width: `${(place(to) - place(from)).toFixed(1)}%`, y: kind === "wide" ? "40%" : "30%", height: kind === "wide" ? "20%" : "40%" }));
    drawing.append(svg("circle", { class: binOf(at.p_below_0), cx: percent(at.forecast), cy: "50%", r: 5 }));
    return made("li", {}, cityLink(city.city), drawing, made("span", { class: "figure" }, signed(at.forecast, 1)), made("span", { class: "figure muted" }, range(at) ? `[${range(at)}]` : ""));
  }));
}

// From the base value to the forecast in at most six bars: base, the largest families, all others, forecast.
function falls(parts, forecast) {
  const word = (key) => pick(DATA.words[key]);
  const steps = Object.entries(parts.families).map(([family, size]) => [pick(DATA.families[family]), size]);
  if (parts.missing_count) steps.push([word("missing_inputs"), parts.missing]);
  steps.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const shown = steps.length > MOST_STEPS ? steps.slice(0, MOST_STEPS - 1) : steps;
  if (steps.length > MOST_STEPS) shown.push([word("rest"), forecast - parts.base - shown.reduce((sum, [, size]) => sum + size, 0)]);
  let level = parts.base;
  const bars = shown.map(([label, size]) => [label, size, level, (level += size), size < 0 ? "down" : "up"]);
  const rows = [[word("base"), parts.base, 0, parts.base, "base"], ...bars, [word("forecast"), forecast, 0, forecast, "total"]];
  const ends = rows.flatMap(([, , from, to]) => [from, to]), low = Math.min(0, ...ends), wide = Math.max(0, ...ends) - low || 1;
  const place = (value) => 2 + (96 * (value - low)) / wide;
  return made("ol", { class: "falls" }, ...rows.map(([label, size, from, to, kind]) => {
    const bar = svg("rect", { class: "bar", x: `${Math.min(place(from), place(to))}%`, width: `${Math.max(0.6, Math.abs(place(to) - place(from)))}%`, y: "12%", height: "76%" });
    const zero = svg("line", { x1: `${place(0)}%`, x2: `${place(0)}%`, y1: "0", y2: "100%" });
    return made("li", { class: kind }, made("span", {}, label), svg("svg", { "aria-hidden": "true" }, zero, bar), made("span", { class: "figure" }, signed(size)));
  }));
}
