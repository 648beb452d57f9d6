// Of several desks of one person in one browser only one makes a sound, and only one shows notifications.
import { person } from "./elements.js";

// Asks to be the one for `what`; `mine()` tells whether this page is. The next one takes over when this page closes or
// lets go. Where a browser has no locks every page is the one.
export class Turn {
  #name;
  #mine = !navigator.locks;
  #letGo = null;

  constructor(what) {
    this.#name = `desk:${what}:${person}`;
  }

  mine() {
    return this.#mine;
  }

  // `taken` is called when it is this page's turn.
  ask(taken = () => {}) {
    if (!navigator.locks || this.#letGo) return;
    const stop = new AbortController();
    this.#letGo = () => stop.abort();
    const hold = () =>
      new Promise((resolve) => {
        this.#mine = true;
        this.#letGo = resolve;
        taken();
      });
    navigator.locks.request(this.#name, { signal: stop.signal }, hold).catch(() => {});
  }

  give() {
    if (!navigator.locks) return;
    this.#letGo?.();
    this.#letGo = null;
    this.#mine = false;
  }
}
