// Forms on a card, <form data-desk="/desk/cards/ID/…">, are posted without leaving the page. A refusal stands beside the
// form and loses nothing. The answer is a card, shown in place of the one there is; or a fragment for the element that
// the form's data-into names; or nothing, and the card is fetched anew. A button's name and value go along.
import { form as posting, request } from "../lib/request.js";
import { loadCard, loadCards, showCard } from "./cards.js";
import { cards, idOf, state, texts } from "./elements.js";
import { giveBack, letGo, settle } from "./keeping.js";

const busy = new WeakSet(); // sent and not answered yet: nothing is sent twice

export function followForms() {
  cards.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-desk]");
    if (!form) return;
    event.preventDefault();
    send(form, event.submitter);
  });
}

async function send(form, button) {
  if (busy.has(form)) return;
  refuse(form, "");
  confirm(form, "");
  if (!state.live) return refuse(form, texts.not_sent);
  const card = idOf(form);
  const fields = new FormData(form, button);
  busy.add(form);
  form.setAttribute("aria-busy", "true");
  try {
    const answer = await request(form.dataset.desk, posting(fields));
    letGo(form, fields);
    await show(form, card, answer.status === 204 ? "" : await answer.text());
    settle(form);
    confirm(form, form.dataset.done);
  } catch (error) {
    if (error.status === 401) return;
    refuse(form, reasonOf(error), error.problem?.errors);
    if (error.status === 404) loadCards();
  } finally {
    busy.delete(form);
    form.removeAttribute("aria-busy");
  }
}

async function show(form, card, html) {
  const into = form.dataset.into && document.getElementById(form.dataset.into);
  if (html && into) {
    into.innerHTML = html;
    giveBack();
  } else if (html.includes("data-card=")) showCard(html);
  else await (card ? loadCard(card) : loadCards());
}

// Says in the form's data-done that it was done, where nothing else on the card does. "" takes it away again.
function confirm(form, done) {
  form.querySelector(":scope > .done")?.remove();
  if (!done) return;
  const line = Object.assign(document.createElement("p"), { className: "done hint", textContent: done });
  line.dataset.own = "";
  line.setAttribute("role", "status");
  form.append(line);
}

// What went wrong, for people. Without an answer nobody knows whether it was done.
function reasonOf(error) {
  if (!error.status) return texts.maybe_sent;
  return error.message || texts.action_failed;
}

// Shows the reason beside the form, and marks the fields it is about. "" takes it away again.
function refuse(form, reason, errors = []) {
  let line = form.querySelector(":scope > .refusal");
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
  if (!reason) return line?.remove();
  if (!line) {
    line = document.createElement("p");
    line.className = "refusal notice bad";
    line.id = `refusal-${crypto.randomUUID?.() ?? Math.random()}`;
    line.dataset.own = "";
    line.setAttribute("role", "alert");
    form.append(line);
  }
  line.textContent = [reason, ...errors.map(({ message }) => message)].filter((each, at, all) => all.indexOf(each) === at).join(" ");
  const wrong = errors.map(({ field }) => form.elements.namedItem(field)).filter((field) => field instanceof HTMLElement);
  for (const field of wrong) {
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", line.id);
  }
  wrong[0]?.focus();
}
