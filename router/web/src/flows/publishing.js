// Publishing a draft: what changes, what the check and the scenarios say, on wish what yesterday's calls would have done,
// and a comment for the history.
import { eachLine } from "../lib/lines.js";
import { json } from "../lib/request.js";
import { showInto } from "./comparing.js";
import { at, fill, make, moment } from "./elements.js";

export function makePublishing({ file, texts, phrases, notices, ask, stream, text, saving, trying, versions, check, said }) {
  const dialog = at("publishing");
  let problems = [];
  let replaying = null;

  async function open() {
    let inUse;
    try {
      inUse = (await ask(`/admin/flows/text/${file.path}`)).text;
    } catch (error) {
      notices.show("failed", "bad", said(error));
      return;
    }
    const same = inUse === text() && !saving.draft;
    for (const id of ["publishing-problem", "replay-progress"]) at(id).hidden = true;
    for (const id of ["publishing-failed", "replay-found", "publishing-problems"]) at(id).replaceChildren();
    for (const id of ["publishing-scenarios", "replay-state"]) at(id).textContent = "";
    at("publish-now").disabled = true;
    dialog.showModal();
    showInto(at("publishing-diff"), at("publishing-none"), inUse ?? "", text(), same ? { ...texts, no_difference: texts.nothing_to_publish } : texts, phrases);
    if (!same) await examine();
  }

  async function examine() {
    at("publishing-summary").textContent = texts.checking;
    const answer = await check();
    if (!answer) {
      at("publishing-summary").textContent = texts.not_checked;
      return;
    }
    problems = answer.problems;
    at("publishing-summary").textContent = answer.right ? (problems.length ? "" : texts.no_problems) : texts.has_problems;
    at("publishing-problems").replaceChildren(
      ...problems.slice(0, 20).map(({ file: in_, line, message, language }) => make("li", [make("strong", `${in_}:${line}`), " ", make("span", message, { lang: language })])),
    );
    at("publish-now").disabled = !answer.right;
    at("replay").disabled = !answer.right;
    if (!answer.right) return;
    const ran = await trying.run();
    at("publishing-scenarios").textContent = ran ? trying.summary(ran) : "";
    at("publishing-scenarios").className = ran?.failed.length ? "bad-text" : "";
    at("publishing-failed").replaceChildren(
      ...(ran?.failed ?? []).map(({ file: in_, misses }) => make("li", [make("strong", in_), " ", make("span", misses[0]?.message ?? "", { lang: "en" })])),
    );
  }

  async function publish() {
    at("publish-now").disabled = true;
    at("publishing-problem").hidden = true;
    try {
      const draft = await saving.save();
      if (draft === null) return dialog.close();
      const comment = at("publishing-comment").value.trim();
      const release = await ask(`/admin/flows/publish/${file.path}`, { ...json({ draft, comment }), seconds: 60 });
      at("publishing-comment").value = "";
      saving.settle(text(), { draft: null, release, newest: release.id });
      notices.show("done", "good", fill(texts.published, { id: release.id }));
      dialog.close();
      await versions.show();
    } catch (error) {
      if (error.status === 409) {
        dialog.close();
        saving.conflict(error.problem);
        return;
      }
      at("publishing-problem").textContent = said(error);
      at("publishing-problem").hidden = false;
      at("publish-now").disabled = false;
    }
  }

  // -- replay --------------------------------------------------------------------------------------------------------

  async function replay() {
    const [progress, state] = [at("replay-progress"), at("replay-state")];
    replaying?.abort();
    const mine = (replaying = new AbortController());
    at("replay").disabled = true;
    at("replay-found").replaceChildren();
    try {
      const draft = await saving.save();
      if (draft === null) return dialog.close();
      const days = Number(at("replay-days").value);
      const response = await stream(`/admin/flows/replay/${file.path}`, { ...json({ draft, days }), signal: mine.signal });
      await eachLine(response.body, (line) => {
        if (line.failed) throw new Error("replay");
        progress.hidden = false;
        progress.max = Math.max(line.all ?? 1, 1);
        progress.value = line.done ?? 0;
        if (line.report) showReport(line.report);
        else state.textContent = fill(texts.replaying, line);
      });
    } catch (error) {
      if (!mine.signal.aborted) state.textContent = error.message === "replay" ? texts.replay_failed : said(error);
    } finally {
      progress.hidden = true;
      at("replay").disabled = false;
    }
  }

  function showReport(report) {
    at("replay-state").textContent = report.all ? fill(texts.replayed, report) : texts.replay_none;
    at("replay-found").replaceChildren(...report.changes.map(changeItem));
  }

  // Calls that go alike, with links to a few of them.
  function changeItem({ verdict, old, new: then, why, calls, examples }) {
    const what = { other_end: `${old} → ${then}`, other_steps: fill(texts.replay_other_steps, { end: old }), cannot_tell: fill(texts.replay_cannot_tell, { why }) };
    const links = examples.flatMap(({ call, at: begun, step }) => [
      make("a", moment(begun), { href: `/admin/calls/${call}`, target: "_blank", rel: "noopener", title: step ? fill(texts.replay_from, { step }) : "" }),
      " ",
    ]);
    return make("li", [make("strong", `${calls} × `), what[verdict], make("span", [" ", ...links], { className: "hint" })]);
  }

  at("publish").addEventListener("click", open);
  at("publish-now").addEventListener("click", () => saving.own(publish));
  at("replay").addEventListener("click", replay);
  dialog.addEventListener("close", () => replaying?.abort());
}
