// The list of keys (?), and going from call to call.
import { at, cards } from "./elements.js";

const help = at("help");

export function followHelp() {
  at("help-open").addEventListener("click", showHelp);
}

export function showHelp() {
  if (!help.open) help.showModal();
  return true;
}

// To the next call, from whatever stands on this one; false where there is none.
export function nextCall(by = 1) {
  const all = [...cards.querySelectorAll("[data-card]")];
  if (!all.length) return false;
  const here = all.indexOf(document.activeElement.closest("[data-card]"));
  const next = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : (here + by + all.length) % all.length];
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}
