// Buttons that act at once: data-presence in the bar, data-act on a card.
import { form, request } from "../lib/request.js";
import { become } from "./bar.js";
import { finishing, loadCards, shownCards } from "./cards.js";
import { idOf, say, state, texts } from "./elements.js";

const busy = new WeakSet(); // pressed and not answered yet: nothing is done twice

export async function act(button) {
  if (busy.has(button)) return;
  // Without a connection nobody knows whether this call is still there; a press that arrives later does harm.
  if (!state.live) return say(texts.not_sent);
  busy.add(button);
  // What can be said again stays where it is, so that whoever is on it stays there, too.
  button.disabled = button.dataset.act !== "outcome";
  try {
    await (button.dataset.presence ? choose(button) : onCard(button));
  } catch (error) {
    button.disabled = false;
    if (error.status === 404 || error.status === 409) loadCards();
    else say(texts.action_failed);
  } finally {
    busy.delete(button);
  }
}

async function choose(button) {
  await become(button);
  if (!shownCards().length) loadCards();
}

async function onCard(button) {
  const { act, verdict, message } = button.dataset;
  const card = idOf(button);
  if (act === "finish") finishing(card);
  await request(`/desk/cards/${encodeURIComponent(card)}/${act}`, form(act === "outcome" ? { verdict, message } : {}));
  if (act === "outcome") loadCards();
}

export function followButtons() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("#bar button[data-presence], #cards button[data-act]");
    if (button) act(button);
  });
}
