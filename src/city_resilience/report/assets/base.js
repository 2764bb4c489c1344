"use strict";
// Both pages: the reader's language, places to fill in, turning pages, what the address remembers.
const DATA = JSON.parse(document.getElementById("data").textContent);
const state = { lang: firstLanguage(), query: "", page: 0 };
const PAGE = 20;
const root = document.documentElement;
const $ = (id) => document.getElementById(id);
root.classList.add("js");

// The language that the page was asked for in, else that of the browser, else of the places' names.
function firstLanguage() {
  const browser = (navigator.languages || []).map((name) => name.slice(0, 2).toLowerCase());
  return [DATA.lang, ...browser, DATA.names, "en"].find((lang) => ["en", "zh"].includes(lang));
}

function pick(text) {
  return text !== null && typeof text === "object" ? text[state.lang] : text;
}

function drawLanguage() {
  root.lang = state.lang === "zh" ? "zh-Hans" : "en";
  document.title = pick(DATA.title);
  for (const node of document.querySelectorAll("[data-en]")) {
    const text = node.dataset[state.lang];
    if (node.dataset.attribute) node.setAttribute(node.dataset.attribute, text);
    else node.textContent = text;
  }
}

// Fills a text: [data-v] gets a value, [data-if] is shown where there is one.
function put(node, values) {
  for (const place of node.querySelectorAll("[data-v]")) {
    const value = values[place.dataset.v];
    const lang = place.closest("[lang]").lang.slice(0, 2);
    place.textContent = value !== null && typeof value === "object" ? value[lang] : value;
  }
  for (const part of node.querySelectorAll("[data-if]")) part.hidden = values[part.dataset.if] === null || values[part.dataset.if] === undefined;
}

// The first and last place of the page that is shown of what was found.
function pageOf(found, whole) {
  state.page = Math.max(0, Math.min(state.page, Math.ceil(found.length / PAGE) - 1));
  const first = whole ? 0 : state.page * PAGE;
  const last = whole ? found.length : Math.min(first + PAGE, found.length);
  $("previous").disabled = first === 0;
  $("next").disabled = last >= found.length;
  return [first, last];
}

function wirePager(draw, table) {
  for (const [id, by] of [["previous", -1], ["next", 1]]) {
    $(id).addEventListener("click", () => {
      state.page += by;
      draw();
      table.scrollIntoView({ block: "nearest" });
    });
  }
}

// MLflow shows a page in a frame that may not change its address: the page then keeps it itself.
const FRAMED = location.protocol === "blob:";
let ownAddress = "";
const address = () => (FRAMED ? ownAddress : location.hash);

function openAddress(hash) {
  if (!FRAMED) location.hash = hash;
  else {
    ownAddress = hash;
    window.dispatchEvent(new Event("hashchange"));
  }
}

function setAddress(hash) {
  if (FRAMED) ownAddress = hash;
  else history.replaceState(null, "", hash);
}

if (FRAMED) {
  document.documentElement.classList.add("framed");
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (!link || event.defaultPrevented) return;
    event.preventDefault();
    openAddress(link.getAttribute("href"));
  });
}

function remember(values) {
  const kept = new URLSearchParams({ lang: state.lang });
  for (const [name, value] of Object.entries(values)) if (value) kept.set(name, value);
  setAddress(`#${kept}`);
}

function recalled() {
  const kept = new URLSearchParams(address().slice(1));
  if (["en", "zh"].includes(kept.get("lang"))) state.lang = kept.get("lang");
  return kept;
}

function wireLinks(followed = () => {}) {
  for (const link of document.querySelectorAll("a[href^='#']")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      followed(link);
      const target = $(link.getAttribute("href").slice(1));
      target.setAttribute("tabindex", "-1");
      target.scrollIntoView();
      target.focus({ preventScroll: true });
    });
  }
}

function wirePage(draw, keep) {
  $("language").addEventListener("click", () => {
    state.lang = state.lang === "zh" ? "en" : "zh";
    draw();
    keep();
  });
}
