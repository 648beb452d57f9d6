// The event stream: what it tells is done here, and the page says whether it is up to date.
import { keepOnly } from "../lib/kept.js";
import { toSignIn } from "../lib/request.js";
import { whenSignedOut } from "../lib/signing-out.js";
import { Stream } from "../lib/stream.js";
import { loadBar } from "./bar.js";
import { clearCards, forget, loadCard, loadCards, refresh, shownCards } from "./cards.js";
import { cards, connection, elsewhere, state, texts } from "./elements.js";

const stream = new Stream("/v1/desk/events", {
  event(name, data) {
    if (name === "hello") {
      loadCards();
      loadBar();
    } else if (name === "card") {
      if (data.state === "gone") forget(data);
      loadCards();
    } else if (name === "work") {
      loadCard(data.card);
    } else if (name === "presence") {
      loadBar();
      if (!shownCards().length) loadCards();
    }
  },
  state(now) {
    state.live = now === "live";
    connection.dataset.state = now;
    connection.textContent = texts[now === "elsewhere" ? "reconnecting" : now];
    elsewhere.hidden = now !== "elsewhere";
    connection.hidden = now === "elsewhere";
    if (now === "elsewhere") clearCards();
    refresh();
  },
  over: leave,
});

// The session is over, here or in another window: nothing of it stays.
export function leave() {
  stream.close();
  keepOnly(null);
  clearCards();
  toSignIn();
}

// The machine slept: what stands here may be over.
export function wakeUp() {
  stream.refresh();
}

export function follow() {
  document.getElementById("continue").addEventListener("click", () => location.reload());
  // Nothing about a caller stays in a page the browser keeps for going back.
  addEventListener("pagehide", () => {
    stream.close();
    cards.replaceChildren();
  });
  // Another window of the same agent may have written on a card meanwhile.
  addEventListener("focus", () => state.live && shownCards().length && loadCards());
  whenSignedOut(leave);
  stream.run();
}
