// The pages of a city, of a group of cities and of a comparison, copied from templates and filled.
function problemWords(problem) {
  const marks = [problem.masked && "problem_masked", problem.artefact && "problem_artefact"].filter(Boolean).map((key) => pick(DATA.words[key]));
  return [pick(problem.text), problem.years, ...marks].filter(Boolean).join(" · ");
}

function pageFrom(template) {
  const page = $(template).content.cloneNode(true).firstElementChild;
  page.hole = (name) => page.querySelector(`[data-slot="${name}"]`);
  for (const button of page.querySelectorAll("[data-do]")) button.addEventListener("click", () => ({ copy: () => copyLink(button), print: () => window.print(), compare: () => addCompared(page.dataset.city, button) })[button.dataset.do]());
  return page;
}

function groupRows() {
  return (DATA.outlook[state.h] && DATA.outlook[state.h].rows) || [];
}

function ownGroup(city) {
  return groupRows().find((row) => row.cities.includes(city.city));
}


function cityPage(name) {
  const page = pageFrom("city-page"), city = byName.get(name), at = city && atOf(city);
  page.dataset.city = name;
  page.hole("name").append(...(city ? headingOf(city) : [name]));
  const group = city && ownGroup(city);
  if (group) page.hole("crumb").append("› ", made("a", { href: addressOf("group", group.level) }, pick(group.name)));
  if (!city) return unknownCity(page);
  page.hole("about").textContent = [provinceOf(city.province), ...Object.entries(city.groups || {}).map(([id, level]) => levelName(id, level))].filter(Boolean).join(" · ");
  put(page.hole("verdict"), verdictOf(at));
  put(page.hole("more"), chancesOf(city, at));
  page.hole("fan").append(fan(city));
  page.hole("key-group").hidden = !(groupPast(city) || []).some(known);
  page.hole("key-peers").hidden = !(city.peers_past || []).some(known);
  const peers = (city.peers || []).filter((one) => byName.has(one));
  if (peers.length) page.hole("peers").append(citiesTable([name, ...peers]));
  page.hole("peers-box").hidden = !peers.length;
  page.hole("fan-table").append(fanTable(city));
  drawWhy(page, city, at);
  drawRecord(page, city);
  drawNation(page, at);
  drawShocks(page, city);
  const problems = flagsOf(city);
  page.hole("problems").append(...problems.map((text) => made("li", {}, text)));
  page.hole("no-problems").hidden = problems.length > 0;
  const siblings = group ? group.cities.filter((one) => one !== name) : [];
  page.hole("siblings").append(...siblings.map(cityLink));
  page.hole("siblings-box").hidden = !siblings.length;
  return page;
}

// The mean gaps of the cities of its group by year.
function groupPast(city) {
  const row = ownGroup(city);
  return row && DATA.group_past[row.level];
}

function unknownCity(page) {
  put(page.hole("verdict"), { unknown: "", forecast: null, lower: null, zero_in: null });
  for (const node of page.querySelectorAll(".two, section, .foot")) node.hidden = true;
  return page;
}

function levelName(id, level) {
  const group = DATA.groups.find((one) => one.id === id);
  const own = group && group.levels.find(([value]) => value === level);
  return own ? `${pick(group.name)}: ${pick(own[1])}` : "";
}

// A text as it opens a sentence.
function opened(text) {
  return { ...text, en: text.en[0].toUpperCase() + text.en.slice(1) };
}

function verdictOf(at) {
  if (!at) return { unknown: "", forecast: null, lower: null, zero_in: null };
  const bounded = known(at.upper);
  return { unknown: null, tier: at.tier ? opened(DATA.tiers[at.tier]) : "–", p_below_0: share(at.p_below_0) || "–", forecast: signed(at.forecast, 1), target: at.target,
    lower: bounded ? signed(at.lower, 1) : null, upper: bounded ? signed(at.upper, 1) : null, zero_in: bounded && !at.clear ? "" : null };
}

function chancesOf(city, at) {
  const own = at || {};
  const ranked = DATA.cities.filter((one) => one.nation === city.nation && one.h[state.h] && known(one.h[state.h].rank)).length;
  const nowcast = city.h[state.h] && city.h[state.h].nowcast;
  return { p_below_minus_2: share(own.p_below_minus_2), p_worst_tenth: share(own.p_worst_tenth), rank: known(own.rank) ? own.rank : null, n: ranked,
    nowcast: nowcast ? signed(nowcast.forecast) : null, moved: nowcast ? signed(nowcast.moved) : null };
}

function drawWhy(page, city, at) {
  const parts = at && DATA.parts[state.h][city.city], own = city.h[state.h];
  page.hole("no-parts").hidden = Boolean(parts);
  page.hole("sum").hidden = !parts;
  if (!parts) return;
  page.hole("waterfall").append(falls(parts, own.forecast));
  put(page.hole("sum"), { base: signed(parts.base), forecast: signed(own.forecast) });
}

// The city's growth where the nation grows by so much: a gap is of logarithms.
function drawNation(page, at) {
  const box = page.hole("nation"), input = box.querySelector("input"), newest = (DATA.nation_growth || []).filter(known).pop();
  box.hidden = !known(newest) || !at || state.h !== 1;
  if (box.hidden) return;
  const grown = (nation, gap) => `${number(100 * ((1 + nation / 100) * Math.exp(gap / 100) - 1), 1)}${state.lang === "zh" ? "" : "\u00a0"}%`;
  const draw = () => {
    const nation = input.valueAsNumber, told = Number.isFinite(nation) && nation > -100;
    put(page.hole("if-nation"), { growth: told ? grown(nation, at.forecast) : "–", low: told && known(at.lower) ? grown(nation, at.lower) : "–", high: told && known(at.upper) ? grown(nation, at.upper) : "–" });
  };
  input.value = newest.toFixed(1);
  input.addEventListener("input", draw);
  draw();
}

function drawShocks(page, city) {
  const shocks = city.shocks || [], word = (key) => pick(DATA.words[key]);
  const written = (value) => (known(value) ? signed(value, 1) : "–");
  page.hole("shocks-box").hidden = !shocks.length;
  if (shocks.length) page.hole("shocks").append(tableOf([word("shock"), word("shock_gap"), word("shock_recovery_gap"), word("shock_resistance"), word("shock_recovery")],
    shocks.map((own) => [`${own.start}–${own.end}–${own.recovery_end}`, written(own.gap), written(own.recovery_gap), known(own.resistance) ? signed(own.resistance) : "–", known(own.recovery) ? signed(own.recovery) : "–"])));
}

function drawRecord(page, city) {
  const own = recordOf(city), written = (value) => (known(value) ? number(value) : "–");
  put(page.hole("record"), own
    ? { no_record: null, years: own.years, mae: written(own.mae), average: written(own.average), zero: written(own.zero), signs: own.signs, signs_of: own.signs_of, inside: own.inside, inside_of: own.inside_of,
        last: known(own.truth) ? "" : null, target: own.target, before: known(own.forecast) ? signed(own.forecast, 1) : "–", truth: known(own.truth) ? signed(own.truth, 1) : "–" }
    : { no_record: "", years: null, last: null });
}

// Cities as rows, with the columns of the table that are shown.
function citiesTable(names) {
  const columns = columnsShown(), cities = names.map((name) => byName.get(name)).filter(Boolean);
  const head = made("tr", {}, ...columns.map((column) => made("th", { scope: "col", class: ["text", "tier", "list", "drivers"].includes(column.kind) ? null : "num" }, pick(column.text))));
  const rows = cities.map((city) => {
    const row = cityRow(city, columns);
    row.cells[0].remove();
    return row;
  });
  return made("table", { class: "grid cities" }, made("thead", {}, head), made("tbody", {}, ...rows));
}

function groupPage(level) {
  const page = pageFrom("group-page"), row = groupRows().find((one) => one.level === level);
  page.hole("name").textContent = row ? pick(row.name) : level;
  if (!row) {
    page.hole("verdict").hidden = true;
    return page;
  }
  const written = (value, digits = 1) => (known(value) ? signed(value, digits) : null);
  put(page.hole("verdict"), { ...row, name: null, forecast: written(row.forecast), lower: written(row.lower), upper: written(row.upper), mean: known(row.forecast) ? null : written(row.mean),
    expected: known(row.expected_below) ? Math.round(row.expected_below) : "–", share: share(row.share) });
  page.hole("table").append(citiesTable(row.cities));
  return page;
}

function comparePage(names) {
  const page = pageFrom("compare-page"), cities = names.map((name) => byName.get(name)).filter(Boolean).slice(0, MOST);
  page.hole("fans").append(...cities.map((city) => made("figure", {}, made("figcaption", {}, cityLink(city.city)), fan(city, true))));
  page.hole("table").append(citiesTable(cities.map((city) => city.city)));
  return page;
}

function addCompared(name, button) {
  compare(name, true);
  if (state.compared.length > 1) location.hash = addressOf("compare", state.compared.join("\n"));
  else button.disabled = true;
}
