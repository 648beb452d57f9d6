// The agent's own state: ready, pause, off duty, and the phone.
import { form, fragment } from "../lib/request.js";
import { steady } from "../lib/steady.js";
import { showTimes } from "../lib/times.js";
import { at, bar, say, texts } from "./elements.js";

export async function loadBar() {
  try {
    showBar(await fragment("/desk/bar"));
  } catch {
    // the next presence event or reload brings it
  }
}

export function showBar(html) {
  const focused = document.activeElement;
  const again = bar.contains(focused) ? (focused.id ? `#${focused.id}` : `[data-presence="${focused.dataset.presence}"]`) : null;
  const reason = at("reason")?.value;
  steady(() => {
    bar.innerHTML = html;
    showTimes(bar);
  });
  if (reason && at("reason")) at("reason").value = reason;
  if (again) bar.querySelector(again)?.focus();
}

export async function become(button) {
  showBar(await fragment("/desk/presence", form({ presence: button.dataset.presence, reason: at("reason").value })));
}

async function choosePhone(phone) {
  try {
    showBar(await fragment("/desk/phone", form({ phone })));
  } catch (error) {
    await loadBar();
    say((error.status && error.message) || texts.action_failed);
  }
}

// `act` presses a button of the bar.
export function followBar(act) {
  bar.addEventListener("change", (event) => {
    if (event.target.id === "phone") choosePhone(event.target.value);
    else if (event.target.id === "reason") {
      const paused = bar.querySelector('button[data-presence="paused"]');
      if (paused.getAttribute("aria-pressed") === "true") act(paused);
    }
  });
}
