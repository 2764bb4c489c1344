// Figures: texts in the reader's language, broken into lines that fit, drawn by plotly.
function number(value, digits = 2) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

function signed(value, digits = 2) {
  return Number(value.toFixed(digits)) > 0 ? `+${number(value, digits)}` : number(value, digits);
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

function localised(value, key) {
  if (key === "ticktext") return value.map((item) => wrapped(pick(item)));
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  if ("zh" in value) return key === "hovertemplate" ? pick(value) : plotText(pick(value));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, localised(item, name)]));
}

// What a figure says goes before the style that it names.
function merged(base = {}, own) {
  const plain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const made = { ...base };
  for (const [key, value] of Object.entries(own || {})) made[key] = plain(base[key]) && plain(value) ? merged(base[key], value) : value;
  return made;
}

function laidOut(own) {
  const { layout, axis, layouts, shapes } = DATA.styles;
  const made = merged(merged({ ...layout, xaxis: axis, yaxis: axis }, layouts[own.style]), own);
  made.shapes = (own.shapes || []).map((shape) => ({ ...shapes[shape.style], ...shape }));
  return made;
}

function draw(id, figure) {
  const data = figure.data.map((trace) => {
    const copy = localised(merged(DATA.styles.traces[trace.style], trace));
    if (trace.customdata) copy.text = trace.customdata.map((index) => plotText(DATA.outcome_cities[index]));
    return copy;
  });
  const layout = localised(laidOut(figure.layout));
  const ticks = layout.yaxis.ticktext;
  if (ticks) {
    const lines = Math.max(1, ...ticks.map((text) => text.split("<br>").length));
    layout.height = 56 + ticks.length * Math.max(34, 16 * lines + 8);
  }
  return Plotly.react(id, data, layout, { displayModeBar: false, responsive: true });
}

// A box holds one figure, or one for each of what the reader steps through, such as origin years.
function drawBox(box) {
  const id = box.dataset.figure;
  const select = box.querySelector("select");
  let figure = DATA.figures[state.h][id];
  box.hidden = !figure;
  if (!figure) return;
  if (select) {
    const origins = Object.keys(figure).sort();
    const first = "fromEnd" in select.dataset ? origins[origins.length - 1] : origins[0];
    const origin = origins.includes(select.value) ? select.value : first;
    select.replaceChildren(...origins.map((year) => new Option(pick(figure[year].label), year)));
    select.value = origin;
    box.querySelector(".back").disabled = origin === origins[0];
    box.querySelector(".on").disabled = origin === origins[origins.length - 1];
    figure = figure[origin];
    box.querySelector(".note-of-figure").textContent = pick(figure.note);
  }
  draw(`fig-${id}`, figure);
}

function wireBox(box) {
  const select = box.querySelector("select");
  if (!select) return;
  const step = (by) => {
    select.selectedIndex += by;
    drawBox(box);
  };
  select.addEventListener("change", () => step(0));
  box.querySelector(".back").addEventListener("click", () => step(-1));
  box.querySelector(".on").addEventListener("click", () => step(1));
}

// The two figures of a city: from the base to the forecast by family, and its leading indicators.
function drawCityFigures(parts, forecast) {
  const word = (key) => pick(DATA.words[key]);
  const families = Object.entries(parts.families).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const steps = families.map(([family, size]) => [pick(DATA.families[family]), size]);
  if (parts.missing_count) steps.push([word("missing_inputs"), parts.missing]);
  const fall = frame("waterfall", [[word("base"), parts.base], ...steps, [word("forecast"), forecast]]);
  fall.data[0].measure = ["absolute", ...steps.map(() => "relative"), "total"];
  let level = parts.base;
  fall.layout.xaxis.range = padded([0, level, ...steps.map(([, size]) => (level += size))]);
  draw("fig-city-families", fall);
  const rows = parts.top.map(([index, value, size]) => [valueLabel(DATA.indicators[index], value), size]);
  if (parts.rest_count) rows.push([`${word("rest")} (${parts.rest_count})`, parts.rest]);
  if (parts.missing_count) rows.push([word("missing_inputs"), parts.missing]);
  const { other, rise, fall: down } = DATA.styles.colours;
  const bars = frame("bars", rows);
  bars.data[0].marker = { color: rows.map(([, size], i) => (i >= parts.top.length ? other : size < 0 ? down : rise)) };
  bars.layout.xaxis.range = padded([0, ...rows.map(([, size]) => size)]);
  draw("fig-city-indicators", bars);
}

function valueLabel(indicator, value) {
  if (value === null) return pick(indicator);
  const shown = Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(value);
  return `${pick(indicator)}\n(${shown.replace("-", "−")}${indicator.unit ? " " + indicator.unit : ""})`;
}

function frame(style, rows) {
  const places = rows.map((_, i) => i), sizes = rows.map(([, size]) => size);
  const trace = { style, x: sizes, y: places, text: sizes.map((size) => signed(size)) };
  const layout = { style: "bars", xaxis: {}, yaxis: { tickvals: places, ticktext: rows.map(([label]) => label) } };
  return { data: [trace], layout };
}

function padded(values) {
  const low = Math.min(...values), high = Math.max(...values);
  const pad = 0.17 * (high - low || 1);
  return [low < 0 ? low - pad : 0, high > 0 ? high + pad : 0];
}
