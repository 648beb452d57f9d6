// Saving drafts so that nobody's text is lost: every saving says what it was made from, and where somebody else saved or
// published meanwhile, both texts are kept and the person chooses.
import { json } from "../lib/request.js";
import { by, fill, moment } from "./elements.js";
import { makeKeeping } from "./keeping.js";

const LOOK = 4000; // milliseconds between two looks at what others do
const KEEP = 300; // milliseconds of not typing until unsaved text is kept in the browser

export function makeSaving({ file, texts, notices, ask, text, setText, compare, told }) {
  const keeping = makeKeeping(file.person, file.path);
  let base = { draft: file.draft?.id ?? null, release: file.newest };
  let saved = file.known ? file.text : null; // null: never saved
  let newest = { draft: file.draft, release: file.in_use ? file.release : null, in_use: file.in_use };
  const removal = file.in_use || file.known ? null : file.release;
  let keepTimer = null;
  let saving = null;
  let leaving = false;
  let changing = 0; // requests of ours under way that change the file

  const dirty = () => text() !== saved;

  function state() {
    if (saving) return texts.state_saving;
    if (saved === null && removal && text() === file.text) {
      return fill(texts.state_removed, { id: removal.id, when: moment(removal.at), who: by(removal, file.person, texts) });
    }
    if (saved === null) return texts.state_new;
    if (dirty()) return texts.state_unsaved;
    const { draft, release } = newest;
    if (draft) return fill(texts.state_draft, { who: who(draft, texts.you), when: moment(draft.at) });
    if (release) return fill(texts.state_release, { id: release.id, when: moment(release.at), who: by(release, file.person, texts) });
    return texts.state_in_use;
  }

  function who(version, myself) {
    return version.person === file.person ? myself : version.who;
  }

  function keepNow() {
    clearTimeout(keepTimer);
    if (!dirty()) keeping.drop();
    else if (!keeping.keep(text(), base) && !notices.has("not_kept")) notices.show("not_kept", "warn", texts.not_kept);
  }

  function changed() {
    clearTimeout(keepTimer);
    keepTimer = setTimeout(keepNow, KEEP);
    told();
  }

  // The text is what is saved or in use: `now` tells of its draft and its release.
  function settle(kept, now) {
    saved = kept;
    newest = { ...newest, ...now };
    base = { draft: newest.draft?.id ?? null, release: now.newest ?? base.release };
    keepNow();
    told();
  }

  // The draft's number, or null where it could not be saved; what went wrong has been said then.
  async function save() {
    if (saving) await saving;
    if (!dirty() && newest.draft) return newest.draft.id;
    const mine = text();
    const work = ask(`/admin/flows/save/${file.path}`, json({ text: mine, based_on: base.draft, release: base.release }));
    saving = work.catch(() => null);
    told();
    try {
      const draft = await work;
      saving = null;
      notices.drop("restored");
      notices.drop("failed");
      settle(mine, { draft });
      return draft.id;
    } catch (error) {
      saving = null;
      told();
      if (error.status === 409) conflict(error.problem);
      else throw error;
      return null;
    }
  }

  // -- others ----------------------------------------------------------------------------------------------------------

  // `their` is `{ draft, release, newest, text? }`, what the file is by now.
  async function conflict(their) {
    const theirText = async () => {
      if (their.text !== undefined) return their.text;
      const from = their.draft ? `draft=${their.draft.id}` : `release=${their.newest}`;
      return (their.text = (await ask(`/admin/flows/text/${file.path}?${from}`)).text);
    };
    const rebase = () => {
      newest = { draft: their.draft, release: their.release };
      base = { draft: their.draft?.id ?? null, release: their.newest };
    };
    let removed = false;
    try {
      removed = (await theirText()) === null;
    } catch {
      return; // it is looked at again
    }
    notices.show("conflict", "warn", `${removed ? texts.other_removed : happened(their)} ${texts.nothing_overwritten}`, [
      [texts.show_difference, async () => {
        compare({ title: texts.mine_and_theirs, before: their.text ?? "", after: text() });
        return false;
      }],
      ...(removed ? [] : [[texts.take_theirs, () => {
        rebase();
        setText(their.text);
        settle(their.text, { newest: their.newest });
        notices.show("done", "good", texts.taken_over);
      }]]),
      [texts.keep_mine, async () => {
        rebase();
        saved = null;
        await save();
      }],
    ]);
  }

  function happened({ draft, release }) {
    const fill_ = (key, version) => fill(texts[key], { who: who(version, texts.yourself), when: moment(version.at) });
    if (draft && draft.id !== base.draft) return fill_("other_saved", draft);
    if (release && release.id > base.release) return fill_(release.who !== null ? "other_published" : release.origin === "folder" ? "other_folder" : "other_terminal", release);
    return texts.other_closed;
  }

  function isOurs({ draft, release }) {
    const sameRelease = !release || release.id <= base.release;
    return (draft?.id ?? null) === base.draft && sameRelease;
  }

  async function look() {
    if (document.hidden || saving || changing) return;
    const before = base;
    const now = await ask(`/admin/flows/state/${file.path}`).catch(() => null);
    if (!now || base !== before || saving || changing) return;
    if (isOurs(now)) notices.drop("offline");
    else if (!notices.has("conflict")) conflict(now);
  }

  // -- text kept from before -------------------------------------------------------------------------------------------

  function restore() {
    const kept = keeping.kept();
    if (!kept || kept.text === file.text) return keeping.drop();
    base = kept.base;
    setText(kept.text);
    notices.show("restored", "warn", fill(texts.restored, { when: moment(kept.at) }), [
      [texts.restored_drop, () => {
        base = { draft: file.draft?.id ?? null, release: file.newest };
        setText(file.text);
        keepNow();
      }],
    ]);
  }

  keeping.elsewhere(() => notices.show("elsewhere", "warn", texts.elsewhere));
  addEventListener("pagehide", keepNow);
  addEventListener("beforeunload", (event) => {
    keepNow();
    if (dirty() && saved !== null && !leaving) event.preventDefault();
  });
  document.addEventListener("visibilitychange", look);
  setInterval(look, LOOK);

  return {
    changed, dirty, state, save, settle, conflict, restore, keepNow,
    // What we change ourselves is not to be taken for somebody else's doing.
    async own(work) {
      changing++;
      try {
        return await work();
      } finally {
        changing--;
      }
    },
    // The page is left for a reason that was said, and what is unsaved is kept: nobody needs to be asked.
    leave() {
      keepNow();
      leaving = true;
    },
    get draft() { return newest.draft; },
    get savedText() { return saved; },
    get release() { return newest.release; },
  };
}
