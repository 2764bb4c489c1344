// Wiring: language, horizon, search, paging, and what the address remembers.
function drawTexts() {
  document.documentElement.lang = state.lang === "zh" ? "zh-Hans" : "en";
  document.title = DATA.title[state.lang];
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = word(node.dataset.t);
  for (const node of document.querySelectorAll("[data-en]")) node.textContent = node.dataset[state.lang];
  for (const node of document.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  for (const node of document.querySelectorAll("[data-aria]")) node.setAttribute("aria-label", word(node.dataset.aria));
  for (const node of document.querySelectorAll("[data-placeholder]")) node.placeholder = word(node.dataset.placeholder);
  const other = state.lang === "zh" ? "en" : "zh";
  $("language").textContent = WORDS[other].language_name;
  $("language").lang = other;
  const targets = DATA.targets;
  const span = targets.length > 1 ? `${targets[0]}–${targets[targets.length - 1]}` : String(targets[0]);
  $("subtitle").textContent = targets.length ? word("subtitle", {
    variable: DATA.outcome[state.lang], cities: DATA.city_count, origin: DATA.origin, targets: span }) : "";
  for (const button of $("horizons").querySelectorAll("button")) {
    const h = Number(button.dataset.h);
    button.textContent = horizonText(h);
    button.setAttribute("aria-pressed", String(h === state.h));
  }
}

function drawAll() {
  drawTexts();
  if (state.h === null) return;
  drawVerdict();
  drawCities();
  drawDrivers();
  drawSkill();
  drawYears();
  drawOutcome();
  drawGroups();
  drawDriverGroups();
  drawStudy();
  drawIntervals();
  drawCoverage();
  if (state.city) {
    drawCity();
    drawCityFigures();
  }
}

function remember() {
  const kept = new URLSearchParams({ lang: state.lang });
  if (state.h !== null) kept.set("h", state.h);
  if (state.city) kept.set("city", state.city);
  history.replaceState(null, "", `#${kept}`);
}

function recall() {
  const kept = new URLSearchParams(location.hash.slice(1));
  if (["en", "zh"].includes(kept.get("lang"))) state.lang = kept.get("lang");
  const h = Number(kept.get("h"));
  state.h = DATA.horizons.includes(h) ? h : state.h !== null ? state.h : DATA.horizons.length ? DATA.horizons[0] : null;
  return kept.get("city");
}

function set(changes) {
  Object.assign(state, changes);
  drawAll();
  remember();
}

$("language").addEventListener("click", () => set({ lang: state.lang === "zh" ? "en" : "zh" }));
$("horizons").addEventListener("click", (event) => {
  if (event.target.dataset.h) set({ h: Number(event.target.dataset.h), page: 0 });
});
for (const link of document.querySelectorAll("a[href^='#']")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const target = $(link.getAttribute("href").slice(1));
    target.setAttribute("tabindex", "-1");
    target.scrollIntoView();
    target.focus({ preventScroll: true });
  });
}
if (DATA.cities.length) {
  $("search").addEventListener("input", (event) => {
    Object.assign(state, { query: event.target.value, page: 0 });
    drawCities();
  });
  for (const [id, by] of [["previous", -1], ["next", 1]]) {
    $(id).addEventListener("click", () => {
      state.page += by;
      drawCities();
      $("city-table").scrollIntoView({ block: "nearest" });
    });
  }
}
$("origin").addEventListener("change", (event) => {
  state.origin = event.target.value;
  drawOutcome();
});
$("origin-back").addEventListener("click", () => stepOrigin(-1));
$("origin-on").addEventListener("click", () => stepOrigin(1));
$("city-close").addEventListener("click", () => $("city").close());
$("city").addEventListener("click", (event) => {
  if (event.target === $("city")) $("city").close();
});
$("city").addEventListener("close", () => {
  state.city = null;
  remember();
});
window.addEventListener("hashchange", () => {
  recall();
  drawAll();
});
let narrow = window.innerWidth < 640;
window.addEventListener("resize", () => {
  if (narrow !== window.innerWidth < 640) {
    narrow = !narrow;
    drawAll();
  }
});
window.addEventListener("beforeprint", () => {
  for (const plot of document.querySelectorAll(".js-plotly-plot")) {
    if (plot.offsetParent) Plotly.Plots.resize(plot);
  }
});

const asked = recall();
drawAll();
if (asked && state.h !== null && DATA.cities.some((entry) => entry.city === asked)) openCity(asked);
