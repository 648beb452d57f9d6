// What a person chose for this browser: keys, sound, notifications. Kept by person; another one's choices are their own.
import { person } from "./elements.js";

const NAME = `choices:${person}`;
const DEFAULTS = { shortcuts: true, sound: true, volume: 60, notices: true };
let chosen = read();

function read() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(NAME) ?? "{}") };
  } catch {
    return { ...DEFAULTS };
  }
}

export const choice = (name) => chosen[name];

export function choose(name, value) {
  chosen[name] = value;
  try {
    localStorage.setItem(NAME, JSON.stringify(chosen));
  } catch {
    // not allowed: then it holds until the page is left
  }
}

// Called when another tab of this person chose something.
export function whenChosen(listener) {
  addEventListener("storage", ({ key }) => {
    if (key !== NAME) return;
    chosen = read();
    listener();
  });
}
