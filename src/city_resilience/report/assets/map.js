// The map by keyboard: one dot is in the order of tabs, arrows go to the next one that way.
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const dotCity = (dot) => DATA.cities[Number(dot.dataset.i)];

function tipText(city) {
  const at = atOf(city);
  return [nameOf(city), city.province !== city.city && provinceOf(city.province), at && share(at.p_below_0), at && known(at.forecast) && signed(at.forecast, 1)].filter(Boolean).join(" · ");
}

function reachedDot() {
  return document.querySelector('#map circle[tabindex="0"]');
}

// Only the dot that can be reached is a link: a reader hears of one, not of hundreds.
function reach(dot) {
  const before = reachedDot();
  if (before) for (const name of ["tabindex", "role", "aria-label"]) before.removeAttribute(name);
  for (const [name, value] of [["tabindex", "0"], ["role", "link"], ["aria-label", tipText(dotCity(dot))]]) dot.setAttribute(name, value);
}

// The next dot that way: as near as can be, and rather ahead than aside.
function nextDot(from, [right, down]) {
  const [x, y] = [from.cx.baseVal.value, from.cy.baseVal.value];
  let best = null, least = Infinity;
  for (const dot of document.querySelectorAll("#map circle")) {
    const across = dot.cx.baseVal.value - x, along = dot.cy.baseVal.value - y;
    const ahead = across * right + along * down, aside = Math.abs(across * down - along * right);
    if (dot !== from && ahead > 0 && aside <= 2 * ahead && ahead + 2 * aside < least) [best, least] = [dot, ahead + 2 * aside];
  }
  return best;
}

// Heard at the figure: a drawing that hears of the focus itself would take a tab of its own.
function wireMapKeys(map, tip) {
  const figure = map.parentElement;
  reach(map.querySelector("circle"));
  figure.addEventListener("keydown", (event) => {
    const dot = event.target.closest("circle"), way = WAYS[event.key], next = way && nextDot(dot, way);
    if (!dot) return;
    if (event.key === "Enter") openAddress(addressOf("city", dotCity(dot).city));
    if (event.key === "Escape") tip.hidden = true;
    if (way || ["Enter", "Escape"].includes(event.key)) {
      event.preventDefault();
      event.stopPropagation();
    }
    if (!next) return;
    reach(next);
    next.focus({ preventScroll: true });
  });
  figure.addEventListener("focusin", (event) => {
    const dot = event.target.closest("circle"), box = dot && dot.getBoundingClientRect();
    if (dot) showTip(tip, dotCity(dot), box.right + window.scrollX, box.bottom + window.scrollY);
  });
  figure.addEventListener("focusout", () => (tip.hidden = true));
}

function showTip(tip, city, x, y) {
  tip.hidden = false;
  tip.replaceChildren(made("bdi", {}, nameOf(city)), tipText(city).slice(nameOf(city).length));
  tip.style.left = `${Math.min(x + 12, window.innerWidth - 220)}px`;
  tip.style.top = `${y + 14}px`;
}
