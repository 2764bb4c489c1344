"use strict";
// State of the page, words in the reader's language, small builders of elements.
const DATA = JSON.parse(document.getElementById("data").textContent);
const WORDS = JSON.parse(document.getElementById("words").textContent);
const state = { lang: "en", h: null, sort: "rank", down: false, query: "", page: 0, city: null, origin: null };
const PAGE = 20;
const $ = (id) => document.getElementById(id);

function word(key, values) {
  const text = WORDS[state.lang][key];
  if (text === undefined) return key;
  return values ? text.replace(/\{(\w+)\}/g, (_, name) => values[name]) : text;
}

function has(key) {
  return Object.prototype.hasOwnProperty.call(WORDS[state.lang], key);
}

function indicatorName(index) {
  return DATA.indicators[index][state.lang];
}

function modelName(id) {
  return has(`model_${id}`) ? word(`model_${id}`) : id;
}

function familyName(id) {
  return has(`family_${id}`) ? word(`family_${id}`) : id;
}

// The words of a city's flags; all that was carried forward ("carried:FAMILY(YEARS)") in one.
function flagNames(flags) {
  const carried = flags.map((flag) => flag.match(/^carried:(\w+)\((\d+)\)$/)).filter(Boolean);
  const others = flags.filter((flag) => !flag.startsWith("carried:"));
  const names = others.map((id) => (has(`flag_${id}`) ? word(`flag_${id}`) : id));
  if (!carried.length) return names;
  return [...names, word("flag_carried") + carried.map(([, family, years]) => `${familyName(family)} ${years}`).join(", ")];
}

// "@text:key", "@model:id", "@family:id", "@indicator:index", alone or inside a template.
function say(text) {
  return text
    .replace(/^@model:(.*)$/s, (_, id) => modelName(id))
    .replace(/^@family:(.*)$/s, (_, id) => familyName(id))
    .replace(/^@indicator:(\d+)$/, (_, index) => indicatorName(Number(index)))
    .replace(/@text:(\w+)/g, (_, key) => word(key));
}

function number(value, digits = 2) {
  if (value === null || value === undefined) return "–";
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

function signed(value, digits = 2) {
  if (value === null || value === undefined) return "–";
  return Number(value.toFixed(digits)) > 0 ? `+${number(value, digits)}` : number(value, digits);
}

function unbroken(text) {
  return text.replace(/ (pp|%)/g, "\u00a0$1");
}

function percent(value) {
  return value === null || value === undefined ? "–" : `${Math.round(100 * value)} %`;
}

function horizonText(h) {
  return word(h === 1 ? "horizon_years_one" : "horizon_years", { h });
}

// Elements are built node by node: no text from the data is ever read as HTML.
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "onclick") node.addEventListener("click", value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) node.append(child);
  }
  return node;
}

function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter((child) => child !== null));
}

function fillTable(id, heads, rows) {
  const table = $(id);
  fill(table.tHead, el("tr", {}, heads));
  fill(table.tBodies[0], rows);
}

function head(key, numeric, title) {
  return el("th", { scope: "col", class: numeric ? "num" : null, title: title ? word(title) : null }, word(key));
}

// Plotly reads <b>, <br> and entities in its texts; data texts are made harmless first.
function plotText(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function broken(line, most) {
  const lines = [""];
  for (const piece of line.split(/(?<=[\s/–-])|(?<=[\u3400-\u9fff])/)) {
    if (lines[lines.length - 1] && (lines[lines.length - 1] + piece).trimEnd().length > most) lines.push("");
    lines[lines.length - 1] += piece;
  }
  return lines;
}

function wrapped(text) {
  const narrow = window.innerWidth < 640;
  const most = (line) => (/[\u3400-\u9fff]/.test(line) ? (narrow ? 9 : 14) : narrow ? 17 : 28);
  const lines = text.split("\n").flatMap((line) => broken(line, most(line)));
  return lines.map((line) => plotText(line.trim())).join("<br>");
}

function translated(value, key) {
  if (typeof value === "string") return value.includes("@") ? plotText2(value, key) : value;
  if (Array.isArray(value)) return key === "ticktext" ? value.map((item) => wrapped(say(item))) : value;
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, translated(item, name)]));
  }
  return value;
}

function plotText2(value, key) {
  return key === "hovertemplate" ? say(value) : plotText(say(value));
}

function draw(id, figure) {
  const data = figure.data.map((trace) => {
    const copy = translated(trace);
    if (trace.customdata) copy.text = trace.customdata.map((index) => plotText(DATA.outcome_cities[index]));
    return copy;
  });
  const layout = translated(figure.layout);
  const ticks = layout.yaxis.ticktext;
  if (ticks) {
    const lines = Math.max(1, ...ticks.map((text) => text.split("<br>").length));
    layout.height = 56 + ticks.length * Math.max(34, 16 * lines + 8);
  }
  return Plotly.react(id, data, layout, { displayModeBar: false, responsive: true });
}
