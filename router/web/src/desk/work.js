// What an agent does on a card beside pressing buttons: the note saves itself, ready-made texts are found by a few
// letters, a time is chosen with one press, and where a caller can go is looked up when that is wanted.
import { form as posting, fragment, request } from "../lib/request.js";
import { whenShown } from "./cards.js";
import { leftOn } from "./clocks.js";
import { cards, state, texts } from "./elements.js";
import { isUnsaved, saved } from "./keeping.js";

const PAUSE = 1000; // ms without a key until a note is saved
const LONGEST = 5000; // ms until it is saved, however fast somebody types
const SPARE = 2000; // ms before the card goes by itself, in which every key is saved
const saving = new WeakMap(); // by field: { timer, under way, the text last saved, since when some is unsaved }

export function followWork() {
  whenShown(saveLeft);
  cards.addEventListener("input", ({ target }) => {
    if (target.form?.matches("[data-autosave]")) saveSoon(target);
    if (target.matches(".chooser [role=combobox]")) filter(target);
    if (target.name === "due") setDue(target);
  });
  cards.addEventListener("focusout", ({ target }) => {
    if (target.form?.matches("[data-autosave]")) save(target);
    if (target.matches(".chooser [role=combobox]")) close(target);
  });
  cards.addEventListener("focusin", ({ target }) => target.matches(".chooser [role=combobox]") && filter(target));
  cards.addEventListener("keydown", (event) => {
    const { target } = event;
    if (target.matches("textarea") && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (target.form?.matches("[data-autosave]")) save(target);
      else target.form?.requestSubmit();
    }
    if (target.matches(".chooser [role=combobox]")) inChooser(event);
  });
  cards.addEventListener("mousedown", (event) => {
    const option = event.target.closest(".chooser [role=option]");
    if (!option) return;
    event.preventDefault(); // the field keeps the focus, so that the list stays until it is chosen
    choose(option);
  });
  cards.addEventListener("click", ({ target }) => {
    const when = target.closest("button[data-when]");
    if (when) at(when);
  });
  cards.addEventListener("toggle", ({ target }) => target.matches?.("details.tool") && target.open && load(target), true);
  cards.addEventListener("submit", ({ target }) => target.elements.due && setDue(target.elements.due), true);
}

// The note -------------------------------------------------------------------------------------------------------------

function saveSoon(field) {
  const kept = saving.get(field) ?? {};
  clearTimeout(kept.timer);
  kept.since ??= Date.now();
  const wait = Math.min(PAUSE, kept.since + LONGEST - Date.now(), leftOn(field.closest("[data-card]")) - SPARE);
  kept.timer = setTimeout(save, Math.max(0, wait), field);
  saving.set(field, kept);
  told(field, texts["work.unsaved"]);
}

// One request at a time, always with what stands there now; so the last one to arrive is the last one written.
async function save(field) {
  const kept = saving.get(field);
  if (!kept || !field.isConnected) return;
  clearTimeout(kept.timer);
  kept.timer = null;
  if (kept.busy || kept.text === field.value || !state.live) return;
  const text = field.value;
  kept.busy = true;
  kept.since = undefined;
  try {
    await request(field.form.dataset.desk, posting({ text }));
    kept.text = text;
    saved(field, text);
    if (field.value === text) told(field, texts["work.saved"]);
  } catch (error) {
    told(field, error.status && error.status < 500 ? error.message : texts["work.unsaved"]);
  } finally {
    kept.busy = false;
    if (field.value !== text) saveSoon(field);
    else if (text !== kept.text) kept.timer = setTimeout(save, PAUSE * 2, field);
  }
}

// What was typed without network, or just before a reload, is saved once the card is there.
function saveLeft() {
  for (const field of cards.querySelectorAll("[data-autosave] textarea")) {
    const kept = saving.get(field);
    if (!kept?.timer && !kept?.busy && isUnsaved(field)) saveSoon(field);
  }
}

const told = (field, text) => line(field.form, "saved hint", text);

// One line of the script's own at the end of an element, read out by screen readers.
function line(parent, className, text) {
  let own = parent.querySelector(`:scope > [class="${className}"]`);
  if (!own) {
    own = Object.assign(document.createElement("p"), { className });
    own.dataset.own = "";
    own.setAttribute("role", "status");
    parent.append(own);
  }
  if (own.textContent !== text) own.textContent = text;
}

// Ready-made texts -----------------------------------------------------------------------------------------------------

async function listOf(field) {
  const list = listAt(field) ?? field.closest(".chooser").appendChild(newList(field));
  if (list.dataset.loaded === undefined) {
    list.dataset.loaded = "";
    try {
      list.innerHTML = await fragment(field.closest(".chooser").dataset.texts);
    } catch {
      delete list.dataset.loaded; // the next key tries again
    }
  }
  return list;
}

const listAt = (field) => document.getElementById(field.getAttribute("aria-controls"));

function newList(field) {
  const list = Object.assign(document.createElement("ul"), { className: "texts", hidden: true });
  list.id = field.getAttribute("aria-controls");
  list.dataset.own = "";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", field.labels[0]?.textContent ?? "");
  return list;
}

const plain = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
const shown = (list) => [...list.querySelectorAll("[role=option]:not([hidden])")];

async function filter(field) {
  const list = await listOf(field);
  if (document.activeElement !== field) return;
  const words = plain(field.value).split(/\s+/).filter(Boolean);
  for (const option of list.querySelectorAll("[role=option]")) {
    option.hidden = !words.every((word) => plain(`${option.textContent} ${option.dataset.text}`).includes(word));
  }
  const none = list.querySelector(".none") ?? list.appendChild(Object.assign(document.createElement("li"), { className: "none" }));
  none.textContent = texts["work.nothing_found"];
  none.hidden = shown(list).length > 0;
  list.hidden = false;
  field.setAttribute("aria-expanded", "true");
  select(field, list, shown(list)[0]);
}

function select(field, list, option) {
  for (const each of list.querySelectorAll("[role=option]")) each.setAttribute("aria-selected", String(each === option));
  if (option) field.setAttribute("aria-activedescendant", option.id);
  else field.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

function inChooser(event) {
  const field = event.target;
  const list = listAt(field);
  if (!list) return;
  const all = shown(list);
  const now = all.findIndex((each) => each.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (list.hidden) return void filter(field);
    select(field, list, all[(now + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
  } else if (event.key === "Enter") {
    event.preventDefault(); // never sends anything
    if (!list.hidden && now >= 0) choose(all[now]);
  } else if (event.key === "Escape" && !list.hidden) {
    event.preventDefault();
    close(field);
  }
}

function close(field) {
  const list = listAt(field);
  if (list) list.hidden = true;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

function choose(option) {
  const chooser = option.closest(".chooser");
  const field = chooser.querySelector("[role=combobox]");
  const { elements } = chooser.closest("form");
  elements.template.value = option.dataset.name;
  const to = [...elements.to.options].find(({ value }) => value.startsWith(`${option.dataset.channel}:`));
  if (to && !elements.to.value.startsWith(`${option.dataset.channel}:`)) put(elements.to, to.value);
  put(elements.subject, option.dataset.subject);
  put(elements.text, option.dataset.text);
  line(chooser, "cut hint warn-text", option.dataset.cut === undefined ? "" : texts["work.cut"]);
  field.value = option.textContent;
  close(field);
  elements.text.focus();
}

// As if somebody had typed it, so that it is kept like that.
function put(field, value) {
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

// When, and where to ---------------------------------------------------------------------------------------------------

function at(button) {
  const when = new Date();
  if (button.dataset.when === "hour") when.setHours(when.getHours() + 1);
  if (button.dataset.when === "tomorrow") when.setDate(when.getDate() + 1);
  if (button.dataset.when === "week") when.setDate(when.getDate() + 7);
  if (button.dataset.when === "tomorrow") when.setHours(9, 0);
  const local = new Date(when - when.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  put(button.form.elements.due, local);
}

// The server wants to know the time with its zone.
function setDue(field) {
  const when = new Date(field.value);
  field.form.elements.due_at.value = Number.isNaN(Number(when)) ? "" : when.toISOString();
}

async function load(tool) {
  const around = tool.querySelector("[data-load]");
  if (!around) return;
  let place = around.querySelector("[data-own]");
  if (!place) {
    place = Object.assign(document.createElement("div"), { className: "stack" });
    place.dataset.own = "";
    around.append(place);
  }
  try {
    place.innerHTML = await fragment(around.dataset.load);
  } catch (error) {
    place.textContent = error.message || texts.action_failed;
  }
}
