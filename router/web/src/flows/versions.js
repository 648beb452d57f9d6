// The history of a file: drafts and releases, what each changed, and the way back.
import { json } from "../lib/request.js";
import { at, button, by, fill, make, moment } from "./elements.js";

export function makeVersions({ file, texts, notices, ask, text, setText, saving, compare }) {
  async function textOf(query) {
    return (await ask(`/admin/flows/text/${file.path}?${query}`)).text;
  }

  async function show() {
    const { releases, drafts } = await ask(`/admin/flows/history/${file.path}`);
    const all = [...releases.map((each) => ({ ...each, release_: true })), ...drafts].sort((a, b) => b.at.localeCompare(a.at));
    at("history").replaceChildren(...all.map((each) => (each.release_ ? releaseItem(each, releases[0]) : draftItem(each))));
    if (!all.length) at("history").replaceChildren(make("li", texts.no_history, { className: "hint" }));
  }

  function item(title, version, badge, buttons) {
    return make(
      "li",
      [
        make("p", [make("strong", title), " ", ...(badge ? [make("span", badge, { className: "badge" })] : [])]),
        make("p", `${moment(version.at)}, ${by(version, file.person, texts)}`, { className: "hint" }),
        ...(version.comment ? [make("p", version.comment, { className: "comment" })] : []),
        make("div", buttons, { className: "line" }),
      ],
      { className: "version" },
    );
  }

  function releaseItem(release, newest) {
    const title = `${fill(texts.version, { id: release.id })} · ${texts[`origin_${release.origin}`]}`;
    const buttons = [
      button(texts.what_changed, () => whatChanged(title, `release=${release.id - 1}`, `release=${release.id}`), "quiet"),
      button(texts.compare, () => compareWithMine(title, `release=${release.id}`), "quiet"),
    ];
    if (release.id !== newest.id) buttons.push(button(texts.back_to_it, () => goBack(release.id), "quiet"));
    return item(title, release, release.id === saving.release?.id ? texts.in_use_now : "", buttons);
  }

  function draftItem(draft) {
    const title = texts.draft;
    const query = `draft=${draft.id}`;
    return item(title, draft, draft.open && draft.id === saving.draft?.id ? texts.draft_open : "", [
      button(texts.what_changed, () => whatChanged(title, `release=${draft.release}`, query), "quiet"),
      button(texts.compare, () => compareWithMine(title, query), "quiet"),
      button(texts.fetch, async () => setText(await textOf(query)), "quiet"),
    ]);
  }

  async function whatChanged(title, before, after) {
    const [then, now] = await Promise.all([textOf(before).catch(() => null), textOf(after)]);
    compare({ title: `${title}: ${texts.what_changed}`, before: then ?? "", after: now ?? "", explain: then === null ? texts.not_there : "" });
  }

  async function compareWithMine(title, query) {
    compare({ title: `${title}: ${texts.compare}`, before: (await textOf(query)) ?? "", after: text() });
  }

  async function goBack(to) {
    const [now, then] = await Promise.all([textOf("").catch(() => null), textOf(`release=${to}`)]);
    compare({
      title: fill(texts.back_title, { id: to }),
      before: now ?? "",
      after: then ?? "",
      explain: saving.draft || saving.dirty() ? `${texts.back_explain} ${texts.draft_stays}` : texts.back_explain,
      doing: { text: texts.back_submit, comment: true, act: (comment) => saving.own(() => rollBack(to, comment)) },
    });
  }

  // Back to a release, with a button that undoes it.
  async function rollBack(to, comment) {
    const before = (await ask(`/admin/flows/state/${file.path}`)).newest;
    const release = await ask(`/admin/flows/roll-back/${file.path}`, { ...json({ release: to, comment }), seconds: 60 });
    await released(release);
    notices.show("done", "good", fill(texts.rolled_back, { to, id: release.id }), [[texts.undo, () => saving.own(() => rollBack(before, comment))]]);
  }

  // The file has a new release that we made: without a draft the editor shows its text.
  async function released(release) {
    const there = await textOf(`release=${release.id}`);
    const untouched = !saving.draft && (!saving.dirty() || text() === file.text);
    if (untouched && there !== null) setText(there);
    const saved = there === null ? null : untouched ? text() : saving.savedText;
    saving.settle(saved, { release: there === null ? null : release, newest: release.id });
    await show();
  }

  return { show, released };
}
