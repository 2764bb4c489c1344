// Elements, and numbers as they are written.
const SVG = "http://www.w3.org/2000/svg";

function made(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function svg(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function number(value, digits = 2) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

function signed(value, digits = 2) {
  return Number(value.toFixed(digits)) > 0 ? `+${number(value, digits)}` : number(value, digits);
}

const known = (value) => value !== null && value !== undefined;
// Not quite nothing or all is not written as such.
const whole = (value) => (value > 0 && value < 0.005 ? "<1" : value >= 0.995 && value < 1 ? ">99" : Math.round(100 * value));
const share = (value) => (known(value) ? `${whole(value)}${state.lang === "zh" ? "" : "\u00a0"}%` : null);
const range = (at) => (known(at.upper) ? `${signed(at.lower, 1)} … ${signed(at.upper, 1)}` : null);
const locale = () => (state.lang === "zh" ? "zh-Hans" : "en");

function binOf(chance) {
  return known(chance) ? `bin-${Math.min(9, Math.floor(chance * 10 + 1e-9))}` : "none";
}

// Round numbers between two ends.
function ticks(low, high, most = 5) {
  const power = 10 ** Math.floor(Math.log10((high - low) / most));
  const step = [1, 2, 2.5, 5, 10, 20].map((factor) => factor * power).find((size) => (high - low) / size <= most);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + 1e-9; at += step) found.push(Number(at.toFixed(9)));
  return found;
}
