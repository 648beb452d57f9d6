// Keys: single letters, never while typing, and they can be turned off (WCAG 2.1.4).
import { at, cards } from "./elements.js";

const FIELDS = "input:not([type=checkbox]), select, textarea, [contenteditable]";
const shortcuts = at("shortcuts");

// `act` presses a button that acts at once; every other button with a key is clicked.
export function followKeys(act) {
  shortcuts.checked = localStorage.getItem("shortcuts") !== "off";
  shortcuts.addEventListener("change", () => {
    localStorage.setItem("shortcuts", shortcuts.checked ? "on" : "off");
    showHints();
  });
  showHints();
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing || event.defaultPrevented) return;
    if (event.target.closest?.(FIELDS)) return;
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      if (step(event.key === "ArrowRight" ? 1 : -1)) event.preventDefault();
    } else if (shortcuts.checked) press(event, act);
  });
}

function showHints() {
  document.body.classList.toggle("no-shortcuts", !shortcuts.checked);
}

function press(event, act) {
  const key = event.key.toLowerCase();
  const button = [...document.querySelectorAll("button[data-key]")].find((each) => each.dataset.key === key && !each.disabled);
  if (!button) return;
  event.preventDefault();
  if (button.dataset.act || button.dataset.presence) act(button);
  else button.click();
}

// Goes from one of the alternatives to the next.
function step(by) {
  const all = [...cards.querySelectorAll(".candidates > li")];
  if (!all.length) return false;
  const from = all.indexOf(document.activeElement);
  const next = all[from < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, from + by))];
  for (const each of all) each.tabIndex = each === next ? 0 : -1;
  next.focus();
  return true;
}
