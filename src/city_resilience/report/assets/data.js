// Cities and what is known of them, unpacked from the short rows that the page holds.
const keyed = (entries) => Object.assign(Object.create(null), Object.fromEntries(entries));

function unpacked(packed) {
  const share = (thousandths) => (thousandths === null || thousandths === undefined ? null : thousandths / 1000);
  const tiers = Object.keys(DATA.tiers), clear = ["", "behind", "ahead"];
  const figures = ([forecast, lower, upper, lower_80, upper_80, below, less, worst, rank, tier, side]) => ({ forecast, lower, upper, lower_80, upper_80, p_below_0: share(below), p_below_minus_2: share(less), p_worst_tenth: share(worst), rank, tier: tiers[tier] ?? null, clear: clear[side] ?? "" });
  const at = (origin, h, row) => {
    const own = { target: origin + Number(h), ...figures(row), flags: row[11] || [] };
    return row[12] ? { ...own, moved: row[12][11], nowcast: { ...figures(row[12]), moved: row[12][11] } } : own;
  };
  const shock = ([number, gap, recovery_gap, resistance, recovery]) => {
    const [start, end, recovery_end] = packed.windows[number];
    return { start, end, recovery_end, gap, recovery_gap, resistance, recovery };
  };
  const problem = ([text, years, marks = 0]) => ({ text: packed.problems[text], years, masked: Boolean(marks & 1), artefact: Boolean(marks & 2) });
  const cities = packed.rows.map(([city, name_en, province, nation, late, level, keys, output, past, peers, peers_past, shocks, problems, problem_count, h]) => {
    const origin = packed.origin + (late || 0);
    const groups = Object.fromEntries(packed.groups.map((name, i) => [name, packed.levels[i][level[i]]]).filter(([, own]) => own !== undefined));
    return { city, name_en: name_en || "", province: (packed.provinces[province] || [""])[0], nation: packed.nations[nation] ?? "", origin, groups, keys: keys ? keys.split("\n") : [], output, past, peers, peers_past,
      shocks: shocks.map(shock), problems: problems.map(problem), problem_count: problem_count || 0, h: Object.fromEntries(Object.entries(h).map(([name, row]) => [name, at(origin, name, row)])) };
  });
  for (const city of cities) city.peers = city.peers.map((place) => cities[place].city);
  return cities;
}

function unpackedParts(packed, cities) {
  const part = ([base, missing, missing_count, observed, sizes, leading]) => {
    const top = [];
    for (let i = 0; i < leading.length; i += 3) top.push(leading.slice(i, i + 3));
    return { base, missing: missing || 0, missing_count, observed: observed === null ? null : observed / 1000, families: Object.fromEntries(packed.families.map((name, i) => [name, sizes[i]]).filter(([, size]) => size !== null)), top };
  };
  return keyed(cities.map(({ city }, i) => [city, packed.rows[i]]).filter(([, row]) => row).map(([city, row]) => [city, part(row)]));
}

const named = (rows) => keyed(DATA.cities.map(({ city }, i) => [city, rows[i]]).filter(([, row]) => row));
DATA.origin = DATA.cities.origin;
const provinceNames = keyed(DATA.cities.provinces);
DATA.flags = DATA.cities.flags;
DATA.usual = DATA.cities.usual;
DATA.cities = unpacked(DATA.cities);
DATA.values = { indicators: DATA.values.indicators, of: named(DATA.values.rows), peers: named(DATA.values.peers) };
DATA.levers = { indicators: DATA.levers.indicators, of: named(DATA.levers.rows) };
DATA.why = {};
for (const h of DATA.horizons) {
  const parts = DATA.parts[h];
  DATA.why[h] = { grades: parts.grades, none: parts.why_none, families: parts.families, beside: named(parts.beside) };
  DATA.parts[h] = unpackedParts(parts, DATA.cities);
  DATA.before[h] = { targets: DATA.before[h].targets, of: named(DATA.before[h].rows) };
  DATA.outlook[h].records = named(DATA.outlook[h].records);
  for (const row of [...DATA.outlook[h].rows, ...(DATA.outlook[h].nowcast_rows || [])]) row.cities = row.cities.map((place) => DATA.cities[place].city);
  DATA.issued[h] = named(DATA.issued[h]);
}
