// The dialog that shows a difference, and where it is about to be done something, asks for it.
import { at } from "./elements.js";
import { showDiff } from "./diff.js";

export function makeComparing({ texts, phrases, said }) {
  const dialog = at("compare");
  let act = null;

  at("compare-do").addEventListener("click", async () => {
    at("compare-do").disabled = true;
    at("compare-problem").hidden = true;
    try {
      await act(at("compare-comment").value.trim());
      dialog.close();
    } catch (error) {
      at("compare-problem").textContent = said(error);
      at("compare-problem").hidden = false;
    } finally {
      at("compare-do").disabled = false;
    }
  });

  // `doing` is `{ text, act(comment), comment }`: what the button says and does, and whether a comment is asked for.
  return function compare({ title, before, after, explain = "", doing = null }) {
    at("compare-title").textContent = title;
    at("compare-explain").textContent = explain;
    at("compare-explain").hidden = !explain;
    at("compare-problem").hidden = true;
    at("compare-do").hidden = !doing;
    at("compare-close").textContent = doing ? texts.cancel : texts.close;
    for (const id of ["compare-comment", "compare-comment-label"]) at(id).hidden = !doing?.comment;
    at("compare-comment").value = "";
    act = doing?.act ?? null;
    if (doing) at("compare-do").textContent = doing.text;
    if (!dialog.open) dialog.showModal();
    showInto(at("compare-diff"), at("compare-none"), before, after, texts, phrases);
  };
}

// A diff, or the sentence that there is none.
export function showInto(host, none, before, after, texts, phrases) {
  const same = before === after;
  none.textContent = texts.no_difference;
  none.hidden = !same;
  host.hidden = same;
  if (!same) showDiff({ host, before, after, phrases, label: texts.comparison });
}
