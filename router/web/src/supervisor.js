// The supervisors' page: fetches the board whenever the stream says that something has changed, and counts the seconds.
import { fragment, toSignIn } from "./lib/request.js";
import { Stream } from "./lib/stream.js";
import { showTimes, span } from "./lib/times.js";

const texts = JSON.parse(document.getElementById("texts").textContent);
const [board, connection, stale] = ["board", "connection", "stale"].map((id) => document.getElementById(id));

let offset = 0; // server's clock minus ours
let loading = null;
let live = false;

async function load() {
  loading?.abort();
  const mine = (loading = new AbortController());
  try {
    const html = await fragment("/supervisor/board", { signal: mine.signal, seconds: 8 });
    if (mine === loading) show(html);
  } catch (error) {
    if (mine !== loading || error.status === 401) return;
    stale.hidden = false; // the next change, or the stream beginning anew, brings it
    setTimeout(() => mine === loading && load(), 2000);
  }
}

// Whoever is on a link or a table stays there.
function show(html) {
  const focused = board.contains(document.activeElement) ? whereabouts(document.activeElement) : null;
  const scrolled = [...board.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
  board.innerHTML = html;
  begin();
  board.querySelectorAll(".scroll").forEach((each, index) => (each.scrollLeft = scrolled[index] ?? 0));
  if (focused) board.querySelector(focused)?.focus();
  stale.hidden = live;
}

function whereabouts(element) {
  if (element.href) return `a[href="${CSS.escape(element.getAttribute("href"))}"]`;
  const label = element.getAttribute("aria-labelledby");
  return label ? `[aria-labelledby="${CSS.escape(label)}"][tabindex]` : null;
}

function begin() {
  offset = new Date(board.querySelector("[data-now]").dataset.now) - Date.now();
  showTimes(board);
  tick();
}

function tick() {
  const now = Date.now() + offset;
  for (const element of board.querySelectorAll("[data-since]")) {
    const waited = Math.max(0, now - new Date(element.dataset.since));
    const text = span(waited, texts);
    if (element.textContent !== text) element.textContent = text;
    if (element.dataset.late) element.classList.toggle("bad-text", waited > element.dataset.late * 1000);
  }
}

const stream = new Stream("/v1/supervisor/events", {
  event(name) {
    if (name === "board") load();
  },
  state(state) {
    live = state === "live";
    connection.dataset.state = state;
    connection.textContent = texts[state];
    stale.hidden = live;
  },
  over: toSignIn,
});

begin();
setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
addEventListener("pagehide", () => stream.close());
addEventListener("pageshow", (event) => event.persisted && location.reload());
stream.run();
