// What the page has to say to whoever edits: one notice of each kind at a time, with what can be done about it.
import { button, make } from "./elements.js";

export function makeNotices(host, texts) {
  const shown = new Map();

  function drop(kind) {
    shown.get(kind)?.remove();
    shown.delete(kind);
  }

  return {
    drop,
    has: (kind) => shown.has(kind),
    // `actions` are pairs of a text and what it does; false from it leaves the notice where it is.
    show(kind, tone, text, actions = []) {
      drop(kind);
      const close = actions.length === 0 || tone === "good" ? [button(texts.close ?? "×", () => drop(kind), "quiet")] : [];
      const buttons = actions.map(([name, act]) =>
        button(name, async () => {
          if ((await act()) !== false && shown.get(kind) === notice) drop(kind);
        }),
      );
      const notice = make("div", [make("p", text), make("div", [...buttons, ...close], { className: "line" })], {
        className: `notice ${tone} line`,
        role: tone === "good" ? "status" : "alert",
      });
      notice.dataset.notice = kind;
      shown.set(kind, notice);
      host.append(notice);
    },
  };
}
