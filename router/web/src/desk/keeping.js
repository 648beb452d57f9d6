// What is typed on a card (data-keep inside [data-card]) is kept by call and field, over showing the card anew, a reload
// and a time without network. It never gets to another call, and goes with its own (see cards.js and connection.js).
import { keep, keptOf } from "../lib/kept.js";
import { cards, idOf, person } from "./elements.js";

const CHOSEN = new Set(["checkbox", "radio"]);
let place = null; // where somebody typed last, while the card is away: { card, name, selection }

// Remembers every change, at once: the page may be gone the next moment.
export function followTyping() {
  for (const kind of ["input", "change"]) {
    cards.addEventListener(kind, ({ target }) => target.dataset.keep && remember(target));
  }
  cards.addEventListener("focusin", ({ target }) => (place = target.dataset.keep ? whereabouts(target) : null));
  cards.addEventListener("keyup", ({ target }) => target.dataset.keep && (place = whereabouts(target)));
}

function whereabouts(field) {
  return { card: idOf(field), name: field.dataset.keep, selection: [field.selectionStart, field.selectionEnd] };
}

function remember(field) {
  const card = field.closest("[data-card]")?.dataset.card;
  if (!card) return;
  place = whereabouts(field);
  const fields = keptOf(person, card);
  const value = field.type === "checkbox" ? field.checked : field.value;
  if (value === defaultOf(field)) delete fields[field.dataset.keep];
  else fields[field.dataset.keep] = value;
  keep(person, card, fields);
}

// What the server put into the field; a choice is always somebody's own.
function defaultOf(field) {
  if (field.type === "checkbox") return field.defaultChecked;
  return "defaultValue" in field && field.type !== "radio" ? field.defaultValue : undefined;
}

// Puts what was typed back into fields that the page has made anew.
export function giveBack() {
  for (const card of cards.querySelectorAll("[data-card]")) {
    const fields = keptOf(person, card.dataset.card);
    for (const field of card.querySelectorAll("[data-keep]")) fill(field, fields[field.dataset.keep]);
  }
  if (place && document.activeElement === document.body) goBack();
}

function fill(field, value) {
  if (value === undefined) return;
  if (CHOSEN.has(field.type)) field.checked = field.type === "radio" ? field.value === value : value;
  else if (field.value !== value) field.value = value;
}

function goBack() {
  const card = cards.querySelector(`[data-card="${CSS.escape(place.card)}"]`);
  const field = card?.querySelector(`[data-keep="${CSS.escape(place.name)}"]`);
  if (!field) return;
  const { selection } = place;
  field.focus({ preventScroll: true });
  if (typeof selection[0] === "number") field.setSelectionRange(...selection);
}

// These fields were sent as `sent` (FormData); what was typed since then stays.
export function letGo(form, sent) {
  const card = form.closest("[data-card]")?.dataset.card;
  if (!card) return;
  const fields = keptOf(person, card);
  for (const field of form.querySelectorAll("[data-keep]")) {
    if (!CHOSEN.has(field.type) && field.value !== (sent.get(field.name) ?? field.value)) continue;
    delete fields[field.dataset.keep];
  }
  keep(person, card, fields);
}

// Once the answer is shown, fields say what the server has now, unless somebody typed on.
export function settle(form) {
  const card = form.closest("[data-card]")?.dataset.card;
  if (!card || !form.isConnected) return;
  const fields = keptOf(person, card);
  for (const field of form.querySelectorAll("[data-keep]")) if (!(field.dataset.keep in fields)) reset(field);
  for (const field of form.querySelectorAll("[role=combobox]")) field.value = ""; // only led to what was sent
}

// The server has `text` of this field now.
export function saved(field, text) {
  field.defaultValue = text;
  remember(field);
}

// Whether something was typed here that the server does not have.
export function isUnsaved(field) {
  return field.value !== field.defaultValue && field.dataset.keep in keptOf(person, idOf(field));
}

function reset(field) {
  if (CHOSEN.has(field.type)) field.checked = field.defaultChecked;
  else if (field.options) for (const option of field.options) option.selected = option.defaultSelected;
  else field.value = field.defaultValue;
}
