// The page on which a flow file is written, tried, published and taken back.
import { json, request, toSignIn } from "./lib/request.js";
import { makeTabs } from "./lib/tabs.js";
import { listProblems, makeChecking } from "./flows/checking.js";
import { makeComparing } from "./flows/comparing.js";
import { jump, makeEditor, markProblems, replaceText } from "./flows/editor.js";
import { at, fill } from "./flows/elements.js";
import { makeGraph } from "./flows/graph.js";
import { makeNotices } from "./flows/notices.js";
import { lineOfStep, stepAt } from "./flows/place.js";
import { makePublishing } from "./flows/publishing.js";
import { makeSaving } from "./flows/saving.js";
import { lookUp } from "./flows/schema.js";
import { makeTrying } from "./flows/trying.js";
import { makeVersions } from "./flows/versions.js";

const read = (id) => JSON.parse(at(id).textContent);
const [file, texts, phrases] = [read("file"), read("editor-texts"), read("phrases")];
const known = {
  schema: null, variables: [], queues: [], webhooks: [],
  names: { steps: [], prompts: [], hours: [], queues: [], languages: [], inputs: [], values: [], flows: [] },
};
const notices = makeNotices(at("notices"), texts);

// -- talking to the router ----------------------------------------------------------------------------------------------

// What went wrong, for people. A session that is over is said by itself, with the way out.
function said(error) {
  if (error.status === 401) return texts.signed_out;
  if (error.status === 429) return texts.busy;
  const first = error.problem?.problems?.[0];
  if (first) return fill(texts.refused, { problem: `${first.file}:${first.line} ${first.message}` });
  return error.status && error.status < 500 && error.message ? error.message : texts.offline;
}

// Whatever was asked for by a click and did not work is said in one way.
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  if (event.reason?.name !== "AbortError" && event.reason?.status !== 401) notices.show("failed", "bad", said(event.reason ?? {}));
});

async function stream(address, options = {}) {
  try {
    const response = await request(address, { seconds: 600, stay: true, ...options });
    notices.drop("offline");
    return response;
  } catch (error) {
    if (error.status === 401) {
      notices.show("signed_out", "bad", texts.signed_out, [[texts.sign_in, signIn]]);
    }
    throw error;
  }
}

function signIn() {
  saving.leave();
  toSignIn();
}

async function ask(address, options = {}) {
  return (await stream(address, { seconds: 15, ...options })).json();
}

// -- the text -----------------------------------------------------------------------------------------------------------

const text = () => view.state.doc.toString();
const setText = (wanted) => replaceText(view, wanted);

function follow() {
  graph?.follow(stepAt(view.state.doc, view.state.selection.main.head)?.name ?? null);
}

function jumpToStep(name) {
  const line = lineOfStep(view.state.doc, name);
  if (line) jump(view, line);
}

async function save() {
  try {
    await saving.save();
  } catch (error) {
    if (error.status !== 401) notices.show("failed", "bad", said(error));
  }
}

const view = makeEditor({
  host: at("editor"),
  text: file.text,
  phrases,
  label: texts.label,
  known: () => known,
  on: {
    changed() {
      for (const stale of ["covered", "uncovered"]) graph?.paint(stale, []);
      saving.changed();
      checking.soon();
    },
    moved: () => follow(),
    save,
    tooLong: () => notices.show("too_long", "warn", texts.too_long),
  },
});

const graph = at("graph") && makeGraph({ host: at("graph"), note: at("graph-note"), texts, chosen: jumpToStep });
const compare = makeComparing({ texts, phrases, said });
const saving = makeSaving({ file, texts, notices, ask, text, setText, compare, told: showState });

function showState() {
  at("saved").textContent = saving.state();
  const dirty = saving.dirty();
  at("save").disabled = !dirty;
  at("throw-away").hidden = !saving.draft;
  document.title = `${dirty ? "● " : ""}${file.path} – Threadline`;
}

// -- checking -----------------------------------------------------------------------------------------------------------

const checking = makeChecking({
  address: `/admin/flows/check/${file.path}`,
  ask,
  text,
  checked(answer) {
    notices.drop("offline");
    const own = answer.problems.filter((problem) => problem.file === file.path);
    markProblems(view, own);
    listProblems({
      list: at("problem-list"), summary: at("summary"), texts, problems: answer.problems, path: file.path,
      jump: (line, column) => jump(view, line, column),
    });
    // A text that is no YAML at the moment has no names in it: those it had are still the best there is.
    const wholly = answer.names.steps.length > 1 || answer.names.prompts.length > 0 || answer.right;
    if (wholly) known.names = { ...known.names, ...answer.names };
    if (graph && (answer.graph !== null || !answer.right)) graph.show(answer.graph);
  },
  failed(error) {
    if (error.status !== 401) at("summary").textContent = error.status === 429 ? texts.checking : texts.not_checked;
  },
});

// -- trying, publishing, going back ---------------------------------------------------------------------------------------

const trying = makeTrying({ file, texts, stream, text, graph, jumpToStep, said });
const versions = makeVersions({ file, texts, notices, ask, text, setText, saving, compare });
makePublishing({ file, texts, phrases, notices, ask, stream, text, saving, trying, versions, check: checking.now, said });

// The graph goes along to where calls are tried, to show the way they take.
makeTabs(document.querySelector(".beside [role=tablist]"), (name) => {
  if (name === "history") versions.show().catch((error) => notices.show("failed", "bad", said(error)));
  else if (graph) {
    at(`panel-${name}`).prepend(at("graph-note"), at("graph"));
    graph.look();
  }
});

at("save").addEventListener("click", save);

at("throw-away").addEventListener("click", async () => {
  const inUse = (await ask(`/admin/flows/text/${file.path}`)).text;
  compare({
    title: texts.discard_title,
    before: text(),
    after: inUse ?? "",
    explain: texts.discard_explain,
    doing: {
      text: texts.discard,
      act: () => saving.own(async () => {
        try {
          await ask(`/admin/flows/throw-away/${file.path}`, json({ draft: saving.draft.id }));
        } catch (error) {
          if (error.status !== 409) throw error;
          saving.conflict(error.problem);
          return;
        }
        if (inUse !== null) setText(inUse);
        saving.settle(inUse, { draft: null });
      }),
    },
  });
});

// The phone calls the draft, so what is not saved yet is saved before it dials.
let dialling = false;
at("dial")?.addEventListener(
  "submit",
  async (event) => {
    if (dialling) return;
    if (!saving.dirty()) {
      at("dial").dataset.more = JSON.stringify(saving.draft ? { draft: saving.draft.id } : {});
      return; // nothing to wait for, and a form cannot be submitted again while it is being submitted
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    try {
      const draft = await saving.save();
      if (draft === null) return;
      at("dial").dataset.more = JSON.stringify({ draft });
      dialling = true;
      at("dial").requestSubmit();
    } catch (error) {
      notices.show("failed", "bad", said(error));
    } finally {
      dialling = false;
    }
  },
  { capture: true },
);

document.addEventListener("testphone:trace", ({ detail }) => {
  const steps = detail.map(({ step }) => step);
  graph?.paint("gone", steps);
  graph?.paint("now", steps.slice(-1));
  graph?.look(steps.at(-1));
});

addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s" && !event.altKey) {
    event.preventDefault();
    if (saving.dirty()) save();
  }
});

// -- begin --------------------------------------------------------------------------------------------------------------

function goToAddress() {
  const line = /^#L(\d{1,6})$/.exec(location.hash)?.[1];
  if (line) jump(view, Number(line));
}

addEventListener("hashchange", goToAddress);
saving.restore();
showState();
follow();
goToAddress();
checking.now();
ask(`/admin/flows/schema/${file.kind}`)
  .then(({ schema, ...more }) => Object.assign(known, { schema: schema && lookUp(schema), ...more }))
  .catch(() => {}); // without it there is no completion, and all else works
