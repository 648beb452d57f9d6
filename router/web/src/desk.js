// The desk: follows the agent's event stream, fetches what is on the desk whenever it changes, and takes keys.
import { form, fragment, request, toSignIn } from "./lib/request.js";
import { Stream } from "./lib/stream.js";
import { clockTime, showTimes, span } from "./lib/times.js";

const texts = JSON.parse(document.getElementById("texts").textContent);
const at = (id) => document.getElementById(id);
const [cards, bar, connection, news, stale, elsewhere] = ["cards", "bar", "connection", "news", "stale", "elsewhere"].map(at);

let clockOffset = 0; // server's clock minus ours
let loading = null; // the request for cards under way
let loadedAt = null;
let retry = null;
let live = false;

// What is on the desk ------------------------------------------------------------------------------------------------

async function loadCards() {
  loading?.abort();
  clearTimeout(retry);
  const mine = (loading = new AbortController());
  try {
    const html = await fragment("/desk/cards", { signal: mine.signal, seconds: 5 });
    if (mine !== loading) return; // a newer answer is on its way
    show(html);
  } catch (error) {
    if (mine !== loading || error.status === 401) return;
    // What stands there may be over: better nothing than somebody else's card.
    cards.replaceChildren(notice(texts.load_failed));
    document.title = plainTitle;
    retry = setTimeout(loadCards, 1000);
  }
}

function show(html) {
  // Whoever was on a button stays with that call; on another call's button a key press would take the wrong one.
  const focused = document.activeElement?.dataset.act ? whereabouts(document.activeElement) : null;
  const template = document.createElement("template");
  template.innerHTML = html;
  const root = template.content.firstElementChild;
  loadedAt = new Date();
  clockOffset = new Date(root.dataset.now) - loadedAt;
  showTimes(root);
  tick(root);
  cards.replaceChildren(root);
  if (focused) cards.querySelector(focused)?.focus();
  const ringing = root.querySelector('[data-state="ringing"]');
  if (root.querySelector("[data-card]")) news.textContent = "";
  document.title = ringing ? `☎ ${texts.ringing} – Threadline` : plainTitle;
  announce(root.querySelector("[data-card]"));
  setStale();
}

// Where a button will be found again when its call is shown anew: the same thing to say, or the call's own button.
function whereabouts(button) {
  const { act, verdict, message } = button.dataset;
  const place = `[${"card" in placeOf(button).dataset ? "data-card" : "data-of"}="${CSS.escape(callOf(button))}"]`;
  if (act !== "outcome") return `${place} [data-act]:not([data-act="outcome"])`;
  const same = `[data-verdict="${CSS.escape(verdict)}"][data-message="${CSS.escape(message)}"]`;
  return verdict === "unsaid" ? `${place} [data-act="outcome"]` : `${place} [data-act="outcome"]${same}`;
}

const placeOf = (button) => button.closest("[data-card], [data-of]");
const callOf = (button) => placeOf(button).dataset.card ?? placeOf(button).dataset.of;

const plainTitle = document.title;
let announced = "";

// For screen readers: that there is a call, and how sure we are, once for each change; not the whole card.
function announce(card) {
  const heading = card ? card.querySelector("h2").textContent.replace(/\s+/g, " ").trim() : "";
  const key = card ? `${card.dataset.card} ${heading}` : "";
  if (key !== announced) at("announcement").textContent = heading;
  announced = key;
}

async function loadBar() {
  try {
    replaceBar(await fragment("/desk/bar"));
  } catch {
    // the next presence event or reload brings it
  }
}

function replaceBar(html) {
  const focused = document.activeElement;
  const again = bar.contains(focused) ? (focused.id ? `#${focused.id}` : `[data-presence="${focused.dataset.presence}"]`) : null;
  const reason = at("reason")?.value;
  bar.innerHTML = html;
  if (reason && at("reason")) at("reason").value = reason;
  if (again) bar.querySelector(again)?.focus();
}

function notice(text) {
  const element = document.createElement("p");
  element.className = "notice bad";
  element.setAttribute("role", "alert");
  element.textContent = text;
  return element;
}

// The stream -----------------------------------------------------------------------------------------------------------

const stream = new Stream("/v1/desk/events", {
  event(name, data) {
    if (name === "hello") {
      loadCards();
      loadBar();
    } else if (name === "card") {
      if (data.state === "gone") forget(data);
      loadCards();
    } else if (name === "presence") {
      loadBar();
      if (!cards.querySelector("[data-card]")) loadCards();
    }
  },
  state(state) {
    live = state === "live";
    connection.dataset.state = state;
    connection.textContent = texts[state === "elsewhere" ? "reconnecting" : state];
    elsewhere.hidden = state !== "elsewhere";
    connection.hidden = state === "elsewhere";
    if (state === "elsewhere") cards.replaceChildren();
    setStale();
  },
  over() {
    cards.replaceChildren();
    toSignIn();
  },
});

const finished = new Set(); // cards of calls that were ended here

// What was said about a caller leaves the page with the call, before anything else is asked for.
function forget({ card, reason }) {
  const gone = cards.querySelector(`[data-card="${CSS.escape(card)}"]`);
  if (!gone) return;
  gone.remove();
  if (finished.delete(card)) reason = "completed"; // that it was us who ended it, only this page knows
  const known = { abandoned: "abandoned", hung_up: "abandoned", no_answer: "no_answer", elsewhere: "elsewhere", completed: "completed", ended: "ended" };
  news.textContent = texts[`gone.${known[reason] ?? "other"}`];
}

function setStale() {
  const shown = cards.querySelector("[data-card]") !== null;
  stale.hidden = live || !shown || !loadedAt;
  cards.classList.toggle("stale", !stale.hidden);
  if (!stale.hidden) stale.textContent = texts.stale.replace("{time}", clockTime(loadedAt));
}

at("continue").addEventListener("click", () => location.reload());
// Nothing about a caller stays in a page the browser keeps for going back.
addEventListener("pagehide", () => {
  stream.close();
  cards.replaceChildren();
});

// Clocks ---------------------------------------------------------------------------------------------------------------

function tick(root) {
  const now = Date.now() + clockOffset;
  for (const element of root.querySelectorAll("[data-until]")) {
    const left = new Date(element.dataset.until) - now;
    const begins = element.dataset.from ? new Date(element.dataset.from) - now : 0;
    const [key, time] = begins > 0 ? ["begins", begins] : left >= 0 ? ["left", left] : ["expired", left];
    element.dataset.validity = key === "left" && left < 3_600_000 ? "soon" : key;
    element.querySelector(".countdown").textContent = texts[key].replace("{time}", span(time, texts));
  }
  for (const element of root.querySelectorAll("[data-since]")) {
    const text = span(Math.max(0, now - new Date(element.dataset.since)), texts);
    if (element.textContent !== text) element.textContent = text;
  }
}
setInterval(() => tick(cards), 1000);

// What the agent does --------------------------------------------------------------------------------------------------

async function act(button) {
  // What can be said again stays where it is, so that whoever is on it stays there, too.
  button.disabled = button.dataset.act !== "outcome";
  try {
    if (button.dataset.presence) {
      const fields = { presence: button.dataset.presence, reason: at("reason").value };
      replaceBar(await fragment("/desk/presence", form(fields)));
      if (!cards.querySelector("[data-card]")) loadCards();
    } else {
      const { act, verdict, message } = button.dataset;
      const card = callOf(button);
      if (act === "finish") finished.add(card);
      await request(`/desk/cards/${encodeURIComponent(card)}/${act}`, form(act === "outcome" ? { verdict, message } : {}));
      if (act === "outcome") loadCards();
    }
  } catch (error) {
    button.disabled = false;
    if (error.status === 404 || error.status === 409) loadCards();
    else news.textContent = texts.action_failed;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("#bar button[data-presence], #cards button[data-act]");
  if (button) act(button);
});

bar.addEventListener("change", async (event) => {
  if (event.target.id === "phone") {
    try {
      replaceBar(await fragment("/desk/phone", form({ phone: event.target.value })));
    } catch (error) {
      await loadBar();
      news.textContent = (error.status && error.message) || texts.action_failed;
    }
  } else if (event.target.id === "reason") {
    const paused = bar.querySelector('button[data-presence="paused"]');
    if (paused.getAttribute("aria-pressed") === "true") act(paused);
  }
});

// Keys: single letters, never while typing, and they can be turned off (WCAG 2.1.4).
const shortcuts = at("shortcuts");
shortcuts.checked = localStorage.getItem("shortcuts") !== "off";
shortcuts.addEventListener("change", () => {
  localStorage.setItem("shortcuts", shortcuts.checked ? "on" : "off");
  document.body.classList.toggle("no-shortcuts", !shortcuts.checked);
});
document.body.classList.toggle("no-shortcuts", !shortcuts.checked);

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
  if (event.target.closest?.("input:not([type=checkbox]), select, textarea, [contenteditable]")) return;
  if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
    if (step(event.key === "ArrowRight" ? 1 : -1)) event.preventDefault();
  } else if (shortcuts.checked) {
    const key = event.key.toLowerCase();
    const button = [...document.querySelectorAll("button[data-key]")].find((each) => each.dataset.key === key && !each.disabled);
    if (button) {
      event.preventDefault();
      act(button);
    }
  }
});

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

stream.run();
