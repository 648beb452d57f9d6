// Keys: single letters, never while typing, and they can be turned off (WCAG 2.1.4). Arrows go among alternatives and calls.
import { choice, choose, whenChosen } from "./choices.js";
import { at, cards } from "./elements.js";
import { nextCall, showHelp } from "./help.js";

const FIELDS = "input:not([type=checkbox]), select, textarea, [contenteditable]";
const ALTERNATIVES = { ArrowRight: 1, ArrowLeft: -1 };
const CALLS = { ArrowDown: 1, ArrowUp: -1 };
const PAUSE = 1500; // ms without a key until somebody has noticed that the field they type in is gone
const shortcuts = at("shortcuts");
let typing = null; // the field of a card that somebody types in, and when the last key came: { field, last }

// `act` presses a button that acts at once; every other button with a key is clicked.
export function followKeys(act) {
  shortcuts.addEventListener("change", () => {
    choose("shortcuts", shortcuts.checked);
    showHints();
  });
  whenChosen(showHints);
  showHints();
  addEventListener("pointerdown", () => (typing = null));
  addEventListener("keydown", (event) => {
    if (event.target.closest?.(FIELDS)) typing = event.target.closest("[data-card]") && { field: event.target, last: Date.now() };
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing || event.defaultPrevented) return;
    if (isTypedIntoNothing(event.key)) return event.preventDefault();
    if (event.target.closest?.(`${FIELDS}, dialog`)) return;
    if (goes(event.key) || (choice("shortcuts") && presses(event.key.toLowerCase(), act))) event.preventDefault();
  });
}

// A card may go while somebody types on it, and the next call rings at once: what they type on then answers nothing.
function isTypedIntoNothing(key) {
  if (!typing || typing.field.isConnected) return false;
  const writes = key.length === 1 || key === "Enter" || key === "Backspace";
  if (!writes || Date.now() - typing.last > PAUSE) typing = null;
  else typing.last = Date.now();
  return typing !== null;
}

function showHints() {
  shortcuts.checked = choice("shortcuts");
  document.body.classList.toggle("no-shortcuts", !shortcuts.checked);
}

// Up and down are for scrolling, but on a call itself.
function goes(key) {
  if (key in ALTERNATIVES) return step(ALTERNATIVES[key]);
  return key in CALLS && document.activeElement.matches("[data-card]") && nextCall(CALLS[key]);
}

function presses(key, act) {
  const button = [...document.querySelectorAll("button[data-key], a[data-key]")].find((each) => each.dataset.key === key && !each.disabled);
  if (!button) return (key === "?" && showHelp()) || (key === "c" && nextCall());
  if (button.dataset.act || button.dataset.presence) act(button);
  else button.click();
  return true;
}

// Goes from one of the alternatives to the next: of the call somebody is on, else of the first that has any.
function step(by) {
  const here = document.activeElement.closest("[data-card]");
  const all = [...(here?.querySelector(".candidates") ? here : cards).querySelectorAll(".candidates > li")];
  if (!all.length) return false;
  const from = all.indexOf(document.activeElement);
  const next = all[from < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, from + by))];
  for (const each of all) each.tabIndex = each === next ? 0 : -1;
  next.focus();
  return true;
}
