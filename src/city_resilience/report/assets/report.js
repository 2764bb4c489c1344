// The report: addresses of every state, the reader's place, the map, and what is drawn when.
const TEXT = DATA.texts, OWN = firstLanguage();
state.route = { kind: "", names: [] };
const steps = [...document.querySelectorAll("[data-figure]")].filter((box) => box.querySelector("select"));

// An address: a path for what is shown, and a query for how.
function addressOf(kind = "", names = "") {
  const path = kind ? `${kind}/${names.split("\n").map(encodeURIComponent).join(",")}` : "";
  const kept = query();
  return `#/${path}${kept ? `?${kept}` : ""}`;
}

function query() {
  const kept = new URLSearchParams();
  const own = { lang: state.lang === OWN ? "" : state.lang, h: state.h === DATA.horizons[0] ? "" : state.h, set: state.set, q: state.query, sort: state.sort, down: state.sort && state.down ? 1 : "", tier: state.tier, province: state.province, mine: state.mine, cols: state.columns ? state.columns.join(".") : "" };
  for (const [name, value] of Object.entries(own)) if (value) kept.set(name, value);
  for (const [group, level] of Object.entries(state.groups)) if (level) kept.set(`g.${group}`, level);
  return kept.toString();
}

function keep() {
  setAddress(addressOf(state.route.kind, state.route.names.join("\n")));
  drawLinks();
}

function drawLinks() {
  for (const link of document.querySelectorAll('a[href^="#/"]')) if (link.id !== "compare") link.href = `${link.hash.split("?")[0]}${query() ? `?${query()}` : ""}`;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function recall() {
  const [path, rest = ""] = address().slice(1).split("?");
  const kept = new URLSearchParams(rest), [, kind = "", names = ""] = path.split("/");
  if (!path.startsWith("/") && path) return false;
  const h = Number(kept.get("h"));
  Object.assign(state, { lang: ["en", "zh"].includes(kept.get("lang")) ? kept.get("lang") : OWN, h: DATA.horizons.includes(h) ? h : DATA.horizons[0] ?? null, set: kept.get("set") === "nowcast" ? "nowcast" : "",
    query: kept.get("q") || "", sort: kept.get("sort") || "", down: kept.has("down"), tier: kept.get("tier") || "", province: kept.get("province") || "", mine: kept.get("mine") || "", columns: kept.get("cols") ? ["city", ...kept.get("cols").split(".")] : null,
    groups: Object.fromEntries([...kept].filter(([name]) => name.startsWith("g.")).map(([name, level]) => [name.slice(2), level])),
    route: { kind: ["city", "group", "compare"].includes(kind) ? kind : "", names: names ? names.split(",").map(decoded) : [] } });
  return true;
}

function drawPlace() {
  const { kind, names } = state.route, place = $("place");
  $("home").hidden = Boolean(kind);
  place.hidden = !kind;
  place.replaceChildren(...(kind ? [{ city: () => cityPage(names[0] || ""), group: () => groupPage(names[0] || ""), compare: () => comparePage(names) }[kind]()] : []));
  if (kind === "city") document.title = `${byName.has(names[0]) ? nameOf(byName.get(names[0])) : names[0]} – ${pick(DATA.title)}`;
}

function drawMap() {
  const mine = groupRows().find((row) => row.level === state.mine);
  for (const dot of document.querySelectorAll("#map circle")) {
    const city = DATA.cities[Number(dot.dataset.i)], at = atOf(city);
    dot.setAttribute("class", `${binOf(at && at.p_below_0)}${mine ? (mine.cities.includes(city.city) ? " mine" : " away") : ""}`);
  }
  if (reachedDot()) reach(reachedDot());
  for (const row of document.querySelectorAll(".strip li")) row.classList.toggle("mine", Boolean(mine) && decoded(row.querySelector("a").hash.split("/")[2].split("?")[0]) === state.mine);
  for (const box of document.querySelectorAll(".sentences .mine")) {
    box.hidden = !mine;
    box.previousElementSibling.hidden = Boolean(mine);
    if (mine) box.textContent = groupSentence(mine);
  }
}

function groupSentence(row) {
  const written = { ...row, name: pick(row.name), mean: known(row.mean) ? signed(row.mean, 1) : "–", total: known(row.forecast) ? signed(row.forecast, 1) : "" };
  const end = fillText(written.total ? TEXT.total : TEXT.end, written), clear = fillText(row.behind || row.ahead ? TEXT.clear : TEXT.clear_none, written);
  return `${fillText(TEXT.mine, written)}${end}${state.lang === "zh" ? "" : " "}${clear}`;
}

function fillText(text, values) {
  return pick(text).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function drawSteps() {
  for (const box of steps) {
    const select = box.querySelector("select");
    for (const step of box.querySelectorAll(".step")) step.classList.toggle("shown", step.dataset.step === select.value);
    box.querySelector(".back").disabled = select.selectedIndex === 0;
    box.querySelector(".on").disabled = select.selectedIndex === select.options.length - 1;
  }
}

function drawAll() {
  drawLanguage();
  $("city-names").replaceChildren(...DATA.cities.map((city) => new Option(provinceOf(city.province), nameOf(city))));
  root.dataset.horizon = state.h;
  root.dataset.set = state.set;
  for (const button of document.querySelectorAll("[data-horizon]:is(button)")) button.setAttribute("aria-pressed", String(Number(button.dataset.horizon) === state.h));
  for (const button of document.querySelectorAll("button[data-set]")) button.setAttribute("aria-pressed", String(button.dataset.set === state.set));
  if ($("search")) $("search").value = state.query;
  fillSelect($("my-group"), groupRows().map((row) => [row.level, row.name]), state.mine);
  drawFilters();
  drawCities();
  drawMap();
  drawPlace();
  drawLinks();
}

function change(values) {
  Object.assign(state, { page: 0, ...values });
  drawAll();
  keep();
}

async function copyLink(button) {
  const done = () => (button.textContent = pick(DATA.words.copied));
  try {
    await navigator.clipboard.writeText(location.href);
    done();
  } catch {
    window.prompt(pick(DATA.words.copied), location.href);
  }
}

// The nearest dot within reach of a finger.
function nearest(event) {
  const map = $("map"), box = map.getBoundingClientRect(), scale = map.viewBox.baseVal.width / box.width;
  const wide = Math.max(scale, map.viewBox.baseVal.height / box.height), at = map.getScreenCTM().inverse();
  const x = event.clientX * at.a + at.e, y = event.clientY * at.d + at.f;
  let best = null, least = 14 * wide;
  for (const dot of map.querySelectorAll("circle")) {
    const far = Math.hypot(dot.cx.baseVal.value - x, dot.cy.baseVal.value - y) - dot.r.baseVal.value;
    if (far < least) [best, least] = [dot, far];
  }
  return best && DATA.cities[Number(best.dataset.i)];
}

function wireMap() {
  const map = $("map");
  if (!map) return;
  const tip = made("p", { class: "tip", hidden: "", "aria-hidden": "true" });
  document.body.append(tip);
  wireMapKeys(map, tip);
  map.addEventListener("pointermove", (event) => {
    const city = nearest(event);
    if (city) showTip(tip, city, event.pageX, event.pageY);
    else tip.hidden = true;
  });
  map.addEventListener("pointerleave", () => (tip.hidden = true));
  map.addEventListener("click", (event) => {
    const city = nearest(event);
    if (city) openAddress(addressOf("city", city.city));
  });
}

function openPart(id) {
  const part = $(id);
  if (!part) return;
  if (state.route.kind) change({ route: { kind: "", names: [] } });
  for (let node = part.querySelector("details:not(.columns)") || part; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  part.scrollIntoView();
}

function goTo(event) {
  event.preventDefault();
  const query = plain($("my-city").value.trim());
  const own = DATA.cities.find((city) => [city.city, city.name_en].includes($("my-city").value.trim())) || (query && DATA.cities.find((city) => matches(city, query.split(/\s+/))));
  if (own) openAddress(addressOf("city", own.city));
}

function wireReport() {
  $("mine").addEventListener("submit", goTo);
  $("my-city").addEventListener("change", goTo);
  if ($("my-group")) $("my-group").addEventListener("change", (event) => change({ mine: event.target.value }));
  for (const button of document.querySelectorAll("button[data-horizon]")) button.addEventListener("click", () => change({ h: Number(button.dataset.horizon) }));
  for (const button of document.querySelectorAll("button[data-set]")) button.addEventListener("click", () => change({ set: button.dataset.set }));
  $("print-one").addEventListener("click", () => {
    root.classList.add("print-one");
    window.print();
  });
  for (const box of steps) {
    const select = box.querySelector("select");
    select.addEventListener("change", drawSteps);
    for (const [name, by] of [["back", -1], ["on", 1]]) box.querySelector(`.${name}`).addEventListener("click", () => {
      select.selectedIndex += by;
      drawSteps();
    });
  }
  for (const link of document.querySelectorAll('a[href^="#"]:not([href^="#/"])')) link.addEventListener("click", (event) => {
    event.preventDefault();
    openPart(link.hash.slice(1));
  });
}

function wireExplore() {
  if (!table) return;
  wirePager(drawCities, table);
  $("finder").addEventListener("submit", (event) => event.preventDefault());
  $("search").addEventListener("input", (event) => {
    Object.assign(state, { query: event.target.value, page: 0 });
    drawCities();
    keep();
  });
  if ($("filter-province")) $("filter-province").addEventListener("change", (event) => change({ province: event.target.value }));
  $("filter-tier").addEventListener("change", (event) => change({ tier: event.target.value }));
  for (const select of document.querySelectorAll("[data-group]")) select.addEventListener("change", () => change({ groups: { ...state.groups, [select.dataset.group]: select.value } }));
  $("columns").addEventListener("change", () => change({ columns: ["city", ...[...$("columns").querySelectorAll("input:checked")].map((box) => box.value)] }));
  $("reset").addEventListener("click", () => change({ query: "", province: "", tier: "", groups: {}, sort: "", down: false, columns: null }));
  $("download").addEventListener("click", download);
  $("print").addEventListener("click", () => window.print());
  $("copy-link").addEventListener("click", (event) => copyLink(event.target));
  $("all-rows").addEventListener("click", () => {
    state.all = !state.all;
    drawCities();
  });
}

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector(".columns[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

const folded = [];
window.addEventListener("beforeprint", () => {
  if (root.classList.contains("print-one")) return;
  for (const part of document.querySelectorAll("details:not([open]):not(.columns, .as-table)")) {
    part.open = true;
    folded.push(part);
  }
  state.all = true;
  drawCities();
});
window.addEventListener("afterprint", () => {
  root.classList.remove("print-one");
  for (const part of folded.splice(0)) part.open = false;
  state.all = false;
  drawCities();
});
window.addEventListener("hashchange", () => {
  if (!recall()) return openPart(address().slice(1));
  drawAll();
  window.scrollTo(0, 0);
  const heading = document.querySelector("#place h2");
  if (heading) heading.focus({ preventScroll: true });
});

// A drawing without a role has a figure beside it: those who hear need only that.
for (const drawing of document.querySelectorAll("svg:not([role])")) drawing.setAttribute("aria-hidden", "true");
wireReport();
wireExplore();
wireMap();
wirePage(drawAll, keep);
recall();
drawAll();
drawSteps();
if (address() && !address().startsWith("#/")) openPart(address().slice(1));
