// How sure: what the intervals covered by year and group, and what stated chances came to.
function drawIntervals() {
  const found = part().intervals;
  $("intervals-body").hidden = !found;
  $("intervals-none").hidden = Boolean(found);
  if (!found) return;
  $("intervals-sentence").textContent = unbroken(found.sentence[state.lang]);
  draw("fig-covered", DATA.figures.by_horizon[state.h].covered);
  $("intervals-groups-box").hidden = !found.groups.length;
  const heads = [head("group"), head("level"), head("rows", true), head("covered_90", true), head("width_90", true), head("covered_80", true)];
  fillTable("intervals-groups", heads, found.groups.map((_, i) => groupRow(found.groups, i, 3, (row) => [
    cell(percent(row.coverage), row.coverage < 0.8 ? "down" : ""), cell(number(row.width, 1)), cell(percent(row.coverage_80))])));
  const chances = ["p_below_0", "p_below_minus_2", "p_worst_tenth"];
  fillTable("intervals-chances", [head("stated_chance"), ...chances.flatMap((name) => [head(name, true), head("came_to_pass", true)])],
    found.chances.map((row) => el("tr", {}, row.map((entry, i) => studyCell(entry, i > 0, i === 0)))));
}
