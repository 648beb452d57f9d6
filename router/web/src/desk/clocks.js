// Times on the cards, by the server's clock: a machine whose clock is wrong, or that slept, still shows what is so.
import { span } from "../lib/times.js";
import { cards, texts } from "./elements.js";

let offset = 0; // server's clock minus ours

// The server's time of an answer that came now.
export function setClock(text) {
  offset = new Date(text) - Date.now();
}

// Milliseconds until what ends on this card does, such as its wrap-up; endless where nothing does.
export function leftOn(card) {
  const ends = card.querySelector("[data-ends]");
  return ends ? new Date(ends.dataset.ends) - Date.now() - offset : Infinity;
}

export function tick(root = cards) {
  const now = Date.now() + offset;
  for (const element of root.querySelectorAll("[data-until]")) {
    const left = new Date(element.dataset.until) - now;
    const begins = element.dataset.from ? new Date(element.dataset.from) - now : 0;
    const [key, time] = begins > 0 ? ["begins", begins] : left >= 0 ? ["left", left] : ["expired", left];
    element.dataset.validity = key === "left" && left < 3_600_000 ? "soon" : key;
    write(element.querySelector(".countdown"), texts[key].replace("{time}", span(time, texts)));
  }
  for (const element of root.querySelectorAll("[data-since]")) {
    write(element, span(Math.max(0, now - new Date(element.dataset.since)), texts));
  }
  // What ends at a time and is then over, such as the time for wrapping up.
  for (const element of root.querySelectorAll("[data-ends]")) {
    write(element, span(Math.max(0, new Date(element.dataset.ends) - now), texts));
  }
}

function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

const ASLEEP = 10_000; // ms more than a second from tick to tick: the machine slept
const ASLEEP_BEHIND = 90_000; // a page in the background may be called once a minute only

// `woken` is called when the machine slept, or the page was frozen.
export function runClocks(woken) {
  let last = Date.now();
  const beat = () => {
    const passed = Date.now() - last;
    last = Date.now();
    if (passed > (document.hidden ? ASLEEP_BEHIND : ASLEEP) || passed < -ASLEEP) woken();
    tick();
  };
  setInterval(beat, 1000);
  document.addEventListener("visibilitychange", () => tick());
}
