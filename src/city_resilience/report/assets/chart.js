// Elements, numbers as they are written, and the drawings of a city: its past with a fan, its falls.
const SVG = "http://www.w3.org/2000/svg";

function made(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function svg(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function number(value, digits = 2) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

function signed(value, digits = 2) {
  return Number(value.toFixed(digits)) > 0 ? `+${number(value, digits)}` : number(value, digits);
}

const known = (value) => value !== null && value !== undefined;
const share = (value) => (known(value) ? `${Math.round(100 * value)}${state.lang === "zh" ? "" : "\u00a0"}%` : null);
const range = (at) => (known(at.upper) ? `${signed(at.lower, 1)} … ${signed(at.upper, 1)}` : null);
const locale = () => (state.lang === "zh" ? "zh-Hans" : "en");

function binOf(chance) {
  return known(chance) ? `bin-${Math.min(9, Math.floor(chance * 10 + 1e-9))}` : "none";
}

// Round numbers between two ends.
function ticks(low, high, most = 5) {
  const power = 10 ** Math.floor(Math.log10((high - low) / most));
  const step = [1, 2, 2.5, 5, 10, 20].map((factor) => factor * power).find((size) => (high - low) / size <= most);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + 1e-9; at += step) found.push(Number(at.toFixed(9)));
  return found;
}

// A city's gaps, its past forecasts as hollow points, and its forecasts with their intervals.
function fan(city, small = false) {
  const before = DATA.before[state.h], made_ = before.of[city.city] || [];
  const past = (city.past || []).map((value, i) => [DATA.years[i], value]).filter(([, value]) => known(value));
  const told = made_.map((value, i) => [before.targets[i], value]).filter(([, value]) => known(value));
  const ahead = DATA.horizons.map((h) => atOf(city, h)).filter((at) => at && known(at.forecast));
  const years = [...past, ...told].map(([year]) => year).concat(ahead.map((at) => at.target));
  const values = [0, ...[...past, ...told].map(([, value]) => value), ...ahead.flatMap((at) => [at.forecast, at.lower, at.upper].filter(known))];
  if (!years.length) return made("p", { class: "muted" }, "–");
  const wide = small ? 300 : 460, tall = small ? 190 : 250, pad = 0.06 * (Math.max(...values) - Math.min(...values)) || 1;
  const low = Math.min(...values) - pad, high = Math.max(...values) + pad, first = Math.min(...years) - 0.5, last = Math.max(...years) + 0.5;
  const x = (year) => (38 + ((wide - 46) * (year - first)) / (last - first)).toFixed(1);
  const y = (value) => (8 + ((tall - 32) * (high - value)) / (high - low)).toFixed(1);
  const root = svg("svg", { class: "chart fan", viewBox: `0 0 ${wide} ${tall}`, "aria-hidden": "true" });
  for (const value of ticks(low, high)) root.append(svg("path", { class: value === 0 ? "zero" : "rule", d: `M38 ${y(value)}H${wide - 8}` }), svg("text", { class: "side", x: 33, y: Number(y(value)) + 4 }, number(value, value % 1 ? 1 : 0)));
  for (const year of ticks(first, last, small ? 4 : 6)) if (Number.isInteger(year)) root.append(svg("text", { class: "below", x: x(year), y: tall - 6 }, year));
  for (const at of ahead) if (known(at.upper)) root.append(svg("path", { class: "whisker", d: `M${x(at.target)} ${y(at.lower)}V${y(at.upper)}` }));
  for (const [kind, own] of [["group", groupPast(city)], ["peers", city.peers_past]]) {
    const line = (own || []).map((value, i) => [DATA.years[i], value]).filter(([, value]) => known(value) && value >= low && value <= high);
    if (line.length > 1 && !small) root.append(svg("path", { class: `line ${kind}`, d: `M${line.map(([year, value]) => `${x(year)} ${y(value)}`).join("L")}` }));
  }
  const points = past.map(([year, value]) => `${x(year)} ${y(value)}`);
  if (points.length) root.append(svg("path", { class: "line past", d: `M${points.join("L")}` }), svg("path", { class: "dot past", d: points.map((point) => `M${point}h0`).join("") }));
  for (const [year, value] of told) root.append(svg("circle", { class: "before", cx: x(year), cy: y(value), r: 3 }));
  for (const at of ahead) root.append(svg("circle", { class: "now", cx: x(at.target), cy: y(at.forecast), r: 4 }));
  return root;
}

function fanTable(city) {
  const before = DATA.before[state.h], told = Object.fromEntries(before.targets.map((year, i) => [year, (before.of[city.city] || [])[i]]));
  const past = Object.fromEntries((city.past || []).map((value, i) => [DATA.years[i], value]));
  const ahead = Object.fromEntries(DATA.horizons.map((h) => atOf(city, h)).filter(Boolean).map((at) => [at.target, at]));
  const years = [...new Set([...Object.keys(past), ...Object.keys(told), ...Object.keys(ahead)])].sort((a, b) => b - a);
  const written = (value) => (known(value) ? signed(value) : "–");
  const rows = years.map((year) => [year, written(past[year]), written(ahead[year] ? ahead[year].forecast : told[year]), (ahead[year] && range(ahead[year])) || "–"]);
  const word = (key) => pick(DATA.words[key]);
  return tableOf(["", word("past_outcome"), word("past_forecast"), word("range_90")], rows);
}

function tableOf(heads, rows) {
  const head = made("tr", {}, ...heads.map((text, i) => made("th", { scope: "col", class: i ? "num" : null }, text)));
  const body = rows.map((row) => made("tr", {}, ...row.map((value, i) => made(i ? "td" : "th", i ? { class: "num" } : { scope: "row" }, value))));
  return made("table", { class: "grid compact" }, made("thead", {}, head), made("tbody", {}, ...body));
}

// From the base value to the forecast: the five largest families, all others in one bar.
function falls(parts, forecast) {
  const word = (key) => pick(DATA.words[key]);
  const steps = Object.entries(parts.families).map(([family, size]) => [pick(DATA.families[family]), size]);
  if (parts.missing_count) steps.push([word("missing_inputs"), parts.missing]);
  steps.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const shown = steps.length > 6 ? [...steps.slice(0, 5), [word("rest"), steps.slice(5).reduce((sum, [, size]) => sum + size, 0)]] : steps;
  let level = parts.base;
  const bars = shown.map(([label, size]) => [label, size, level, (level += size), size < 0 ? "down" : "up"]);
  const rows = [[word("base"), parts.base, 0, parts.base, "base"], ...bars, [word("forecast"), forecast, 0, forecast, "total"]];
  const ends = rows.flatMap(([, , from, to]) => [from, to]);
  const low = Math.min(0, ...ends), span = Math.max(0, ...ends) - low || 1;
  const place = (value) => 2 + (96 * (value - low)) / span;
  return made("ol", { class: "falls" }, ...rows.map(([label, size, from, to, kind]) => {
    const bar = svg("rect", { class: "bar", x: `${Math.min(place(from), place(to))}%`, width: `${Math.max(0.6, Math.abs(place(to) - place(from)))}%`, y: "12%", height: "76%" });
    const zero = svg("line", { x1: `${place(0)}%`, x2: `${place(0)}%`, y1: "0", y2: "100%" });
    return made("li", { class: kind }, made("span", {}, label), svg("svg", { "aria-hidden": "true" }, zero, bar), made("span", { class: "figure" }, signed(size)));
  }));
}
