// What all parts of the desk's script stand on: its texts, its fixed places, and whether the page is up to date.
import { steady } from "../lib/steady.js";

export const texts = JSON.parse(document.getElementById("texts").textContent);
export const at = (id) => document.getElementById(id);
export const [cards, bar, connection, news, stale, elsewhere] = ["cards", "bar", "connection", "news", "stale", "elsewhere"].map(at);
export const person = document.body.dataset.person;
export const state = { live: false };

// One line for the agent, read out by screen readers.
export function say(text) {
  steady(() => (news.textContent = text));
}

export const cardOf = (element) => element.closest("[data-card], [data-of]");
export const idOf = (element) => cardOf(element)?.dataset.card ?? cardOf(element)?.dataset.of;
export const cardById = (id) => cards.querySelector(`[data-card="${CSS.escape(id)}"]`);

export function notice(text) {
  const element = document.createElement("p");
  element.className = "notice bad";
  element.setAttribute("role", "alert");
  element.textContent = text;
  return element;
}
