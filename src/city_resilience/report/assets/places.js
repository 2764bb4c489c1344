// The pages of a city, of a group of cities and of a comparison, copied from templates and filled.
const PEER_COLUMNS = ["city", "tier", "p_below_0", "forecast", "range"];
const GROUP_COLUMNS = ["city", "tier", "p_below_0", "forecast", "range", "p_worst_tenth", "moved", "mae", "output"];
const MOST_NEAR = 4, MOST_VALUES = 6;

function pageFrom(template) {
  const page = $(template).content.cloneNode(true).firstElementChild;
  for (const node of page.querySelectorAll("[data-en]")) if (node.dataset.attribute) node.setAttribute(node.dataset.attribute, node.dataset[state.lang]);
  page.hole = (name) => page.querySelector(`[data-slot="${name}"]`);
  for (const button of page.querySelectorAll("[data-do]")) button.addEventListener("click", () => ({ copy: () => copyLink(button), print: () => window.print(), compare: () => addCompared(page.dataset.city, button) })[button.dataset.do]());
  return page;
}

function problemWords(problem) {
  const marks = [problem.masked && "problem_masked", problem.artefact && "problem_artefact"].filter(Boolean).map((key) => pick(DATA.words[key]));
  return [pick(problem.text), problem.years, ...marks].filter(Boolean).join(" · ");
}

function groupRows(h = state.h) {
  const own = DATA.outlook[h];
  return (own && ((state.set && own.nowcast_rows) || own.rows)) || [];
}

function ownGroup(city) {
  return groupRows().find((row) => row.cities.includes(city.city));
}

// The mean gaps of the cities of its group by year.
function groupPast(city) {
  const row = ownGroup(city);
  return row && DATA.group_past[row.level];
}

function withUnit(text) {
  return pick(DATA.unit) ? `${text}\u00a0${pick(DATA.unit)}` : text;
}

function cityPage(name) {
  const page = pageFrom("city-page"), city = byName.get(name), at = city && atOf(city);
  page.dataset.city = name;
  page.hole("name").append(...(city ? headingOf(city) : [name]));
  const group = city && ownGroup(city);
  if (group) page.hole("crumb").append("› ", made("a", { href: addressOf("group", group.level) }, pick(group.name)));
  if (!city) return unknownCity(page);
  page.hole("about").textContent = [provinceOf(city.province), city.nation, ...Object.entries(city.groups).filter(([, level]) => !["none", "outside"].includes(level)).map(([id, level]) => levelName(id, level))].filter(Boolean).join(" · ");
  put(page.hole("verdict"), verdictOf(at));
  put(page.hole("more"), chancesOf(city, at));
  drawFan(page, city, group);
  drawWhy(page, city, at);
  drawPeers(page, city);
  drawRecord(page, city);
  drawNation(page, at);
  drawShocks(page, city);
  drawLevers(page, city);
  drawProblems(page, city);
  const siblings = group ? group.cities.filter((one) => one !== name) : [];
  page.hole("siblings").append(...siblings.map(cityLink));
  page.hole("siblings-box").hidden = !siblings.length;
  return page;
}

function unknownCity(page) {
  put(page.hole("verdict"), { unknown: "", forecast: null, lower: null, zero_in: null });
  for (const node of page.querySelectorAll(".two, section, .foot, .nearest")) node.hidden = true;
  return page;
}

function levelName(id, level) {
  const group = DATA.groups.find((one) => one.id === id);
  const own = group && group.levels.find(([value]) => value === level);
  return own ? `${pick(group.name)}${state.lang === "zh" ? "：" : ": "}${pick(own[1])}` : "";
}

// A text as it opens a sentence.
function opened(text) {
  return { ...text, en: text.en[0].toUpperCase() + text.en.slice(1) };
}

function verdictOf(at) {
  if (!at || !known(at.forecast)) return { unknown: "", forecast: null, lower: null, zero_in: null };
  const bounded = known(at.upper);
  return { unknown: null, tier: at.tier ? opened(DATA.tiers[at.tier]) : "–", p_below_0: share(at.p_below_0) || "–", forecast: signed(at.forecast, 1), target: at.target,
    lower: bounded ? signed(at.lower, 1) : null, upper: bounded ? signed(at.upper, 1) : null, zero_in: bounded && !at.clear ? "" : null };
}

function chancesOf(city, at) {
  const own = at || {};
  const ranked = DATA.cities.filter((one) => one.nation === city.nation && one.h[state.h] && known(one.h[state.h].rank)).length;
  const nowcast = city.h[state.h] && city.h[state.h].nowcast;
  return { p_below_minus_2: share(own.p_below_minus_2), p_worst_tenth: share(own.p_worst_tenth), rank: known(own.rank) ? own.rank : null, n: ranked,
    nowcast: nowcast ? signed(nowcast.forecast, 1) : null, moved: nowcast ? signed(nowcast.moved) : null };
}

function drawFan(page, city, group) {
  const own = seriesOf(city), has = { past: own.past.length, told: own.told.length, group: own.lines[0][1].length, peers: own.lines[1][1].length, ranges: own.ahead.some((at) => known(at.upper)), years: own.ahead.some((at, i) => span(DATA.horizons[i]) > 1) };
  page.hole("fan").append(fanOf(own, { label: `${nameOf(city)}: ${page.hole("fan-title").textContent}` }));
  for (const [name, there] of Object.entries(has)) for (const node of page.querySelectorAll(`[data-has="${name}"]`)) node.hidden = !there;
  if (group) page.hole("group-name").textContent = `(${pick(group.name)})`;
  page.hole("fan-table").append(fanTable(city));
}

// At most three drivers that a study grades firm or likely, each with its value and that of the peers.
function reasonsOf(city, parts) {
  const why = DATA.why[state.h], named = parts.top.filter(([place]) => why.grades[place]).slice(0, 3);
  if (why.none) return [pick(DATA.words[`city_said_ungraded_${why.none}`])];
  if (!named.length) return [pick(DATA.words.why_unstable)];
  return named.map(([place, value, size]) => {
    const indicator = DATA.indicators[place], peers = peersValue(city, DATA.values.indicators.indexOf(place));
    const about = { driver: pick(indicator), size: withUnit(signed(size)), grade: pick(DATA.words[`study_grade_${why.grades[place]}`]), value: figured(value, indicator), peers: figured(peers, indicator) };
    return fillText(DATA.texts[known(peers) && known(value) ? "why_named" : "why_alone"], about);
  });
}

function drawWhy(page, city, at) {
  const parts = at && known(at.forecast) && DATA.parts[state.h][city.city], own = city.h[state.h];
  page.hole("no-parts").hidden = Boolean(parts);
  page.hole("sum").hidden = !parts;
  if (!parts) return;
  page.hole("reasons").append(...reasonsOf(city, parts).map((text) => made("li", {}, text)));
  page.hole("waterfall").append(falls(parts, own.forecast));
  put(page.hole("sum"), { base: signed(parts.base), forecast: signed(own.forecast) });
}

// A value of an indicator as its size asks for, with its unit.
function figured(value, indicator) {
  if (!known(value)) return "–";
  const size = Math.abs(value), text = size >= 1000 ? Math.round(value).toLocaleString(locale()) : number(value, size >= 100 ? 0 : size >= 10 ? 1 : 2);
  const unit = indicator ? pick(indicator.unit) : "";
  return unit ? `${text}\u00a0${unit.includes("=") ? `(${unit})` : unit}` : text;
}

const valueAt = (name, i) => (DATA.values.of[name] || [])[i];

function peersValue(city, i) {
  return (DATA.values.peers[city.city] || [])[i];
}

// The city, its peers and their median, side by side: forecast, chance, and the values of the leading indicators.
function drawPeers(page, city) {
  const peers = city.peers.filter((name) => byName.has(name)), said = DATA.why[state.h].beside[city.city];
  page.hole("peers-box").hidden = !peers.length;
  page.hole("nearest").hidden = !peers.length;
  if (!peers.length) return;
  page.hole("nearest").href = addressOf("compare", [city.city, ...peers.slice(0, MOST_NEAR)].join("\n"));
  if (said) {
    const [of, median, below, ...apart] = said, families = [];
    for (let i = 0; i < apart.length; i += 2) families.push(`${pick(DATA.families[DATA.why[state.h].families[apart[i]]])} (${withUnit(signed(apart[i + 1]))})`);
    page.hole("peers-said").textContent = [fillText(DATA.texts.peers_said, { of, below, median: withUnit(signed(median, 1)) }), families.length ? fillText(DATA.texts.peers_apart, { families: families.join(state.lang === "zh" ? "、" : ", ") }) : ""].join(state.lang === "zh" ? "" : " ");
  }
  const extra = DATA.values.indicators.slice(0, MOST_VALUES).map((place, i) => ({ head: [pick(DATA.indicators[place]), pick(DATA.indicators[place].unit)], value: (name) => figured(valueAt(name, i)) }));
  const table = citiesTable([city.city, ...peers], PEER_COLUMNS, extra);
  table.tBodies[0].rows[0].classList.add("served");
  const medians = extra.map((_, i) => made("td", { class: "num" }, figured(peersValue(city, i))));
  const blank = columnsOf(PEER_COLUMNS).slice(1).map((column) => made("td", { class: "num" }, column.id === "forecast" && said ? signed(said[1], 1) : ""));
  table.append(made("tfoot", {}, made("tr", {}, made("th", { scope: "row" }, pick(DATA.words.key_peers)), ...blank, ...medians)));
  page.hole("peers").append(table);
}

// The growth of a city where the nation grows by so much each year: a gap is of logarithms, over all years.
function drawNation(page, at) {
  const box = page.hole("nation"), input = box.querySelector("input"), newest = (DATA.nation_growth || []).filter(known).pop();
  box.hidden = !known(newest) || !at || !known(at.forecast);
  if (box.hidden) return;
  const years = Number(state.h);
  const grown = (nation, gap) => `${number(100 * ((1 + nation / 100) * Math.exp(gap / 100 / years) - 1), 1)}${state.lang === "zh" ? "" : "\u00a0"}%`;
  const draw = () => {
    const nation = input.valueAsNumber, told = Number.isFinite(nation) && nation > -100;
    put(page.hole("if-nation"), { growth: told ? grown(nation, at.forecast) : "–", low: told && known(at.lower) ? grown(nation, at.lower) : "–", high: told && known(at.upper) ? grown(nation, at.upper) : "–", target: at.target, one: years === 1 ? "" : null, many: years > 1 ? "" : null });
  };
  for (const node of box.querySelectorAll(".each-year")) node.hidden = years === 1;
  input.value = newest.toFixed(1);
  input.addEventListener("input", draw);
  draw();
}

function drawShocks(page, city) {
  const word = (key) => pick(DATA.words[key]), written = (value, digits) => (known(value) ? signed(value, digits) : "–");
  page.hole("shocks-box").hidden = !city.shocks.length;
  if (city.shocks.length) page.hole("shocks").append(tableOf([word("shock"), word("shock_gap"), word("shock_recovery_gap"), word("shock_resistance"), word("shock_recovery")],
    city.shocks.map((own) => [`${own.start}–${own.end}–${own.recovery_end}`, written(own.gap, 1), written(own.recovery_gap, 1), written(own.resistance, 2), written(own.recovery, 2)])));
}

// What the experiment marks as actionable, beside the peers; the short boards come first.
function drawLevers(page, city) {
  const own = DATA.levers.of[city.city] || [], word = (key) => pick(DATA.words[key]);
  page.hole("levers-box").hidden = !own.length;
  if (!own.length) return;
  const rows = own.map(([place, year, value, median, best, away, deviations, what]) => {
    const indicator = DATA.levers.indicators[place], none = ["no_direction", "few_peers"].includes(what);
    const short = none ? word(`city_lever_${what}`) : away ? `${away > 0 ? "+" : ""}${figured(away)} (${fillText(DATA.texts.lever_sd, { sd: known(deviations) ? number(Math.abs(deviations), 1) : "–" })})` : word("city_lever_there");
    const tags = ["short", "old"].includes(what) ? ` · ${word(`city_lever_${what}`)}` : "";
    return [`${pick(indicator)} (${year}${tags})`, figured(value, indicator), figured(median), figured(best), short];
  });
  page.hole("levers").append(tableOf([word("city_lever"), word("city_lever_value"), word("key_peers"), word("city_lever_best"), word("city_lever_to_median")], rows));
}

function drawRecord(page, city) {
  const own = recordOf(city), written = (value) => (known(value) ? number(value) : "–"), gap = (value) => (known(value) ? signed(value, 1) : "–");
  put(page.hole("record"), own
    ? { no_record: null, years: own.years, mae: written(own.mae), average: written(own.average), zero: written(own.zero), signs: own.signs, signs_of: own.signs_of, inside: own.inside_of ? own.inside : null, inside_of: own.inside_of,
        last: known(own.truth) ? "" : null, target: own.target, before: gap(own.forecast), truth: gap(own.truth) }
    : { no_record: "", years: null, inside: null, last: null });
  const issued = (DATA.issued[state.h] || {})[city.city];
  put(page.hole("issued"), issued ? { day: issued[0], target: issued[1], before: gap(issued[2]), low: known(issued[4]) ? gap(issued[3]) : null, high: gap(issued[4]), truth: gap(issued[5]), told: "", late: issued[6] ? "" : null } : { told: null, low: null, late: null });
}

function drawProblems(page, city) {
  const carried = flagWords((atOf(city) || {}).flags || []);
  const problems = [...carried, ...city.problems.map(problemWords)], more = city.problem_count - city.problems.length;
  page.hole("problems").append(...problems.map((text) => made("li", {}, text)));
  if (more > 0) page.hole("problems").append(made("li", { class: "muted" }, fillText(DATA.texts.problems_more, { n: more })));
  page.hole("no-problems").hidden = problems.length > 0;
}

function columnsOf(ids) {
  return ids.map((id) => DATA.columns.find((column) => column.id === id)).filter(Boolean);
}

const WORDY = ["text", "tier", "list", "drivers"];

// Cities as rows with some columns of the table of all cities, and further ones.
function citiesTable(names, ids, extra = []) {
  const columns = columnsOf(ids), cities = names.map((name) => byName.get(name)).filter(Boolean);
  const heads = extra.map(({ head: [text, unit] }) => made("th", { scope: "col", class: "num" }, text, ...(unit ? [made("span", { class: "sub" }, unit)] : [])));
  const head = made("tr", {}, ...columns.map((column) => made("th", { scope: "col", class: WORDY.includes(column.kind) ? null : "num" }, pick(column.text))), ...heads);
  const rows = cities.map((city) => {
    const row = cityRow(city, columns);
    row.cells[0].remove();
    row.append(...extra.map((own) => made("td", { class: "num" }, own.value(city.city))));
    return row;
  });
  return made("table", { class: "grid cities" }, made("thead", {}, head), made("tbody", {}, ...rows));
}

function groupPage(level) {
  const page = pageFrom("group-page"), row = groupRows().find((one) => one.level === level);
  page.hole("name").textContent = row ? pick(row.name) : level;
  if (!row) {
    for (const node of page.querySelectorAll("[data-slot=verdict], .two")) node.hidden = true;
    return page;
  }
  const written = (value) => (known(value) ? signed(value, 1) : null);
  put(page.hole("verdict"), { ...row, name: null, some: row.behind + row.ahead ? "" : null, none: row.behind + row.ahead ? null : "", forecast: written(row.forecast), lower: written(row.lower), upper: written(row.upper), mean: written(row.mean),
    expected: known(row.expected_below) ? Math.round(row.expected_below) : null, share: share(row.share) });
  page.hole("tiers").append(...Object.entries(DATA.tiers).filter(([tier]) => row.tiers[tier]).map(([tier, text]) => made("li", {}, made("b", {}, row.tiers[tier]), made("span", { class: `tier ${tier}` }, pick(text)))));
  const own = groupSeries(level);
  page.hole("fan").append(fanOf(own, { label: `${pick(row.name)}: ${page.hole("fan-title").textContent}` }));
  page.hole("fan-box").hidden = !own.past.length && !own.ahead.length;
  for (const node of page.querySelectorAll("[data-has=years]")) node.hidden = !own.ahead.some((_, i) => span(DATA.horizons[i]) > 1);
  page.hole("ranges").append(rangesOf(row.cities.map((name) => byName.get(name)).filter(Boolean)));
  page.hole("table").append(citiesTable(row.cities, GROUP_COLUMNS));
  return page;
}

// The mean gaps of its cities, and the forecasts of their total.
function groupSeries(level) {
  const told = DATA.horizons.map((h) => [h, groupRows(h).find((one) => one.level === level)]).filter(([, row]) => row && known(row.forecast));
  const ahead = told.map(([h, row]) => ({ target: DATA.origin + Number(h), forecast: row.forecast / span(h), lower: known(row.upper) ? row.lower / span(h) : null, upper: known(row.upper) ? row.upper / span(h) : null }));
  return { past: byYear(DATA.group_past[level]), origin: null, told: [], ahead, lines: [] };
}

function comparePage(names) {
  const page = pageFrom("compare-page"), cities = names.map((name) => byName.get(name)).filter(Boolean).slice(0, MOST), all = cities.map(seriesOf), ends = endsOf(all);
  const without = (name) => addressOf("compare", cities.map((city) => city.city).filter((one) => one !== name).join("\n"));
  const drop = (city) => made("a", { class: "drop", href: without(city.city), "aria-label": fillText(DATA.texts.compare_drop, { city: nameOf(city) }) }, "×");
  page.hole("none").hidden = cities.length > 0;
  page.hole("fans").append(...cities.map((city, i) => made("figure", {}, made("figcaption", {}, cityLink(city.city), " ", drop(city)), fanOf(all[i], { small: cities.length > 3 ? 240 : 380, ends, label: nameOf(city) }))));
  if (cities.length) page.hole("ranges").append(rangesOf(cities));
  if (cities.length) page.hole("table").append(sideBySide(cities));
  const form = page.querySelector("form"), input = form.querySelector("input");
  form.hidden = cities.length >= MOST;
  const add = () => {
    const own = searched(input.value);
    if (own && !cities.includes(own)) openAddress(addressOf("compare", [...cities, own].map((city) => city.city).join("\n")));
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    add();
  });
  input.addEventListener("change", add);
  return page;
}

// What is known of some cities, a column for each.
function sideBySide(cities) {
  const word = (key) => pick(DATA.words[key]), beside = (city) => DATA.why[state.h].beside[city.city], parts = (city) => DATA.parts[state.h][city.city];
  const shown = columnsOf(["province", "nation", "tier", "p_below_0", "forecast", "range", "p_worst_tenth", "moved", "output"]).map((column) => [pick(column.text), (city) => shownValue(city, column)]);
  const record = (key, text) => [text, (city) => (known((recordOf(city) || {})[key]) ? number(recordOf(city)[key]) : "–")];
  const rows = [...shown, [word("key_peers"), (city) => (beside(city) ? signed(beside(city)[1], 1) : "–")], record("mae", word("col_own_error")), record("average", word("record_average"))];
  const most = (family) => Math.max(0, ...cities.map((city) => Math.abs((parts(city) || { families: {} }).families[family] || 0)));
  const families = Object.entries(DATA.families).filter(([family]) => most(family) >= 0.005).sort(([a], [b]) => most(b) - most(a));
  const sizes = families.map(([family, text]) => [pick(text), (city) => (parts(city) && known(parts(city).families[family]) ? signed(parts(city).families[family]) : "–")]);
  const values = DATA.values.indicators.map((place, i) => [pick(DATA.indicators[place]), (city) => figured(valueAt(city.city, i), DATA.indicators[place])]);
  const line = ([text, value]) => made("tr", {}, made("th", { scope: "row" }, text), ...cities.map((city) => made("td", { class: "num" }, value(city))));
  const part = (text, lines) => (lines.length ? [made("tr", { class: "part-row" }, made("th", { scope: "rowgroup", colspan: cities.length + 1 }, text)), ...lines.map(line)] : []);
  const head = made("tr", {}, made("th", { scope: "col" }), ...cities.map((city) => made("th", { scope: "col", class: "num" }, cityLink(city.city))));
  return made("table", { class: "grid beside" }, made("thead", {}, head), made("tbody", {}, ...rows.map(line), ...part(word("place_why"), sizes), ...part(word("compare_values"), values)));
}

function searched(text) {
  const asked = text.trim(), query = plain(asked);
  return DATA.cities.find((city) => [city.city, city.name_en].includes(asked)) || (query && DATA.cities.find((city) => matches(city, query.split(/\s+/)))) || null;
}

function addCompared(name, button) {
  compare(name, true);
  if (state.compared.length > 1) openAddress(addressOf("compare", state.compared.join("\n")));
  else button.disabled = true;
}
