// The calls on the desk: fetched anew when they change, each shown without touching the others.
import { morph, morphChildren } from "../lib/morph.js";
import { keepOnly } from "../lib/kept.js";
import { fragment } from "../lib/request.js";
import { steady } from "../lib/steady.js";
import { clockTime, showTimes } from "../lib/times.js";
import { setClock, tick } from "./clocks.js";
import { at, cardById, cards, idOf, notice, person, say, stale, state, texts } from "./elements.js";
import { giveBack } from "./keeping.js";

const RETRY = 1000; // ms until the next try where loading failed
const GONE = { abandoned: "abandoned", hung_up: "abandoned", no_answer: "no_answer", elsewhere: "elsewhere", completed: "completed", ended: "ended", wrapped_up: "wrapped_up", time_up: "wrapped_up" };
const CALLED_BACK = ["callback_busy", "callback_no_answer", "callback_failed"]; // these have a text of their own

const plainTitle = document.title;
const finished = new Set(); // cards of calls that were ended here
const listeners = [];
let loading = null; // the request for all cards under way
let loadedAt = null;
let retry = null;
let announced = "";

// Called with the cards whenever they were shown anew.
export function whenShown(listener) {
  listeners.push(listener);
}

export const shownCards = () => [...cards.querySelectorAll("[data-card]")];

export async function loadCards() {
  loading?.abort();
  clearTimeout(retry);
  const mine = (loading = new AbortController());
  try {
    const html = await fragment("/desk/cards", { signal: mine.signal, seconds: 5 });
    if (mine !== loading) return; // a newer answer is on its way
    loading = null;
    show(html);
  } catch (error) {
    if (mine !== loading || error.status === 401) return;
    // What stands there may be over: better nothing than somebody else's card.
    clearCards(notice(texts.load_failed));
    retry = setTimeout(loadCards, RETRY);
  }
}

// One call anew, because something on its card changed. While all are being fetched, it is among them.
export async function loadCard(id) {
  if (loading || !cardById(id)) return loadCards();
  try {
    const html = await fragment(`/desk/cards/${encodeURIComponent(id)}`, { seconds: 5 });
    if (!loading) showCard(html);
  } catch (error) {
    if (error.status !== 401) loadCards();
  }
}

// An answer with the one call that it is about.
export function showCard(html) {
  const root = parsed(html);
  const fresh = root?.matches("[data-card]") ? root : root?.querySelector("[data-card]");
  const old = fresh && cardById(fresh.dataset.card);
  if (!old) return loadCards();
  change(() => morph(old, fresh));
}

function show(html) {
  const root = parsed(html);
  if (root.dataset.person !== person) return location.reload(); // somebody else signed in in this browser
  loadedAt = new Date();
  const box = document.createDocumentFragment();
  box.append(root);
  if (root.querySelector("[data-card]")) say("");
  change(() => morphChildren(cards, box));
  keepOnly(person, shownCards().map(idOf));
}

function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const root = template.content.firstElementChild;
  if (root?.dataset.now) setClock(root.dataset.now);
  showTimes(template.content);
  tick(template.content);
  // Browsers keep what is typed into forms, unless they are told not to.
  for (const each of template.content.querySelectorAll("form, input, textarea, select")) {
    if (!each.hasAttribute("autocomplete")) each.setAttribute("autocomplete", "off");
  }
  return root;
}

function change(morph) {
  const focused = cards.contains(document.activeElement) ? document.activeElement : null;
  const call = focused && idOf(focused);
  steady(morph);
  giveBack();
  // Whoever was on a button that is gone stays with that call; on another call's button a key would take the wrong one.
  if (focused && !focused.isConnected && call) (placeOf(call) ?? cards).focus({ preventScroll: true });
  // One that was moved has lost it.
  else if (focused && document.activeElement !== focused) focused.focus({ preventScroll: true });
  refresh();
}

const placeOf = (id) => cardById(id) ?? cards.querySelector(`[data-of="${CSS.escape(id)}"]`);

// Says what is on the page now to everything that goes by it: title, screen readers, notice of age, listeners.
export function refresh() {
  const all = shownCards();
  document.title = all.some((card) => card.dataset.state === "ringing") ? `☎ ${texts.ringing} – Threadline` : plainTitle;
  announce(all);
  showStale();
  for (const listener of listeners) listener(all);
}

// For screen readers: which calls there are, and how sure we are, once for each change; not the whole card.
function announce(all) {
  const headings = all.map((card) => [idOf(card), card.querySelector("h2").textContent.replace(/\s+/g, " ").trim()]);
  const key = headings.join("\n");
  if (key === announced) return;
  const known = announced.split("\n");
  const fresh = headings.filter((each) => !known.includes(String(each)));
  at("announcement").textContent = fresh.map(([, heading]) => heading).join(". ");
  announced = key;
}

// Takes all calls off the page; what was typed is kept for when they are back.
export function clearCards(...instead) {
  cards.replaceChildren(...instead);
  refresh();
}

export const finishing = (id) => finished.add(id);

// What was said about a caller leaves the page with the call, before anything else is asked for.
export function forget({ card, reason }) {
  keepOnly(person, shownCards().map(idOf).filter((id) => id !== card));
  const gone = cardById(card);
  // Why a callback did not come about is said even where the cards were fetched between that and this.
  if (!gone && !CALLED_BACK.includes(reason)) return;
  const focused = gone?.contains(document.activeElement);
  steady(() => gone?.remove());
  if (focused) cards.focus({ preventScroll: true });
  refresh();
  if (finished.delete(card) && GONE[reason] !== "wrapped_up") reason = "completed"; // that it was us who ended it, only this page knows
  say(texts[`gone.${CALLED_BACK.includes(reason) ? reason : (GONE[reason] ?? "other")}`]);
}

function showStale() {
  const shown = cards.querySelector("[data-card]") !== null;
  steady(() => {
    stale.hidden = state.live || !shown || !loadedAt;
    cards.classList.toggle("stale", !stale.hidden);
    if (!stale.hidden) stale.textContent = texts.stale.replace("{time}", clockTime(loadedAt));
  });
}
