// Tells of a ringing call when nobody looks: a sound, and a notification of the system where the agent asked for them.
// A notification says what the call is about as a queue, never who calls: it may stay on a screen that others see.
import { Bell } from "./bell.js";
import { shownCards, whenShown } from "./cards.js";
import { choice, choose, whenChosen } from "./choices.js";
import { at, cardById, idOf, state, texts } from "./elements.js";
import { Turn } from "./turns.js";

const [sound, volume, trial, silent] = ["sound", "volume", "sound-trial", "sound-silent"].map(at);
const [notices, ask, refused] = ["notices", "notices-ask", "notices-refused"].map(at);
const bell = new Bell();
const [sounding, showing] = [new Turn("sound"), new Turn("notices")];
const open = new Map(); // notification by card
const known = new Set(); // ringing calls that were told of; one that somebody closed does not come back
let rung = ""; // the calls it rings for now

const canNotify = "Notification" in window;
const ringing = () => shownCards().filter((card) => card.dataset.state === "ringing");

export function followRinging() {
  whenShown(tell);
  whenChosen(() => (showChoices(), tell()));
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, wake, { capture: true });
  sound.addEventListener("change", () => (choose("sound", sound.checked), showChoices(), tell()));
  volume.addEventListener("input", () => choose("volume", Number(volume.value)));
  trial.addEventListener("click", async () => (await bell.unlock()) && bell.ring(choice("volume"), 1));
  notices.addEventListener("change", () => (choose("notices", notices.checked), tell()));
  ask.addEventListener("click", async () => (await Notification.requestPermission(), choose("notices", true), showChoices(), tell()));
  addEventListener("pagehide", () => (bell.stop(), closeAll()));
  showChoices();
}

// A click or a key lets the page sound from now on.
async function wake() {
  if (bell.ready || !choice("sound") || !(await bell.unlock())) return;
  showChoices();
  tell();
}

function showChoices() {
  const permission = canNotify ? Notification.permission : "denied";
  sound.checked = choice("sound");
  volume.value = choice("volume");
  volume.disabled = trial.disabled = !sound.checked;
  silent.hidden = !sound.checked || bell.ready;
  notices.checked = choice("notices");
  notices.closest("label").hidden = permission !== "granted";
  ask.hidden = permission !== "default";
  refused.hidden = permission !== "denied";
}

function tell() {
  takeTurns();
  const calls = state.live ? ringing() : [];
  const ids = calls.map(idOf);
  ringFor(ids.join(" "));
  for (const id of known) if (!ids.includes(id)) known.delete(id);
  for (const [id, notification] of open) if (!ids.includes(id)) notification.close();
  if (!canNotify || Notification.permission !== "granted" || !choice("notices") || !showing.mine()) return closeAll();
  for (const call of calls) if (!known.has(idOf(call))) notify(call);
}

// A page that knows nothing new leaves telling to another one.
function takeTurns() {
  if (!state.live) {
    sounding.give();
    showing.give();
    return;
  }
  showing.ask(tell);
  if (bell.ready) sounding.ask(tell);
}

function ringFor(calls) {
  const wanted = choice("sound") && sounding.mine() && bell.ready ? calls : "";
  if (wanted === rung) return;
  rung = wanted;
  if (wanted) bell.ring(choice("volume"));
  else bell.stop();
}

function notify(call) {
  const card = idOf(call);
  const label = call.querySelector(".label")?.textContent.trim();
  known.add(card);
  if (document.visibilityState === "visible" && document.hasFocus()) return; // somebody looks already
  let notification;
  try {
    const body = call.dataset.about ?? "";
    notification = new Notification([texts.ringing, label].filter(Boolean).join(": "), { body, tag: card, silent: true });
  } catch {
    return; // this browser shows them in another way only
  }
  open.set(card, notification);
  notification.addEventListener("close", () => open.get(card) === notification && open.delete(card));
  notification.addEventListener("click", () => {
    window.focus();
    cardById(card)?.focus();
    notification.close();
  });
}

function closeAll() {
  for (const notification of open.values()) notification.close();
}
