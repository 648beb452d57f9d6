// The text of a flow file in CodeMirror. It stands in a shadow tree: there CodeMirror adopts its styles as style sheets,
// which the pages' policy allows, instead of writing style elements, which it does not.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, nextDiagnostic, previousDiagnostic, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  drawSelection, dropCursor, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, hoverTooltip,
  keymap, lineNumbers, tooltips,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { completions, meaningAt } from "./completion.js";

const LONGEST = 262144; // characters, as the checker has it

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)", fontWeight: "600" },
  { tag: [tags.string, tags.content, tags.attributeValue], color: "var(--ink)" },
  { tag: tags.comment, color: "var(--soft)", fontStyle: "italic" },
  { tag: [tags.keyword, tags.bool, tags.number, tags.meta], color: "var(--warn)" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--soft)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", fontSize: "0.9rem", background: "var(--panel)", color: "var(--ink)", hyphens: "none" },
  "&.cm-focused": { outline: "3px solid var(--focus)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "ui-monospace, 'Cascadia Mono', 'DejaVu Sans Mono', 'Liberation Mono', monospace", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--focus) 28%, transparent)",
  },
  ".cm-activeLine": { background: "color-mix(in srgb, var(--sunken) 60%, transparent)" },
  ".cm-gutters": { background: "var(--sunken)", color: "var(--soft)", borderRight: "1px solid var(--line)" },
  ".cm-activeLineGutter": { background: "var(--line)", color: "var(--ink)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad) 1.5px", textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warn) 1.5px", textUnderlineOffset: "3px" },
  // The lint package draws its marks as data: images, which the pages' policy refuses.
  ".cm-lint-marker": { content: "normal", width: "auto", color: "var(--bad)", textAlign: "center", lineHeight: "1.5" },
  ".cm-lint-marker-error, .cm-lint-marker-warning, .cm-lint-marker-info": { content: "normal" },
  ".cm-lint-marker::before": { content: "'●'" },
  ".cm-lint-marker-warning": { color: "var(--warn)" },
  ".cm-lint-marker-warning::before": { content: "'▲'", fontSize: "0.8em" },
  ".cm-lintPoint::after": { borderBottomColor: "var(--bad)" },
  ".cm-lintPoint-warning::after": { borderBottomColor: "var(--warn)" },
  ".cm-diagnostic": { borderLeftWidth: "5px", padding: "0.35rem 0.6rem", maxWidth: "40rem", overflowWrap: "anywhere" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-tooltip": { background: "var(--panel)", color: "var(--ink)", border: "1px solid var(--edge)", borderRadius: "0.35rem", fontFamily: "inherit" },
  ".cm-tooltip .meaning": { padding: "0.35rem 0.6rem", maxWidth: "30rem", whiteSpace: "pre-line" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "inherit", maxHeight: "16rem" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionInfo": { maxWidth: "24rem", whiteSpace: "pre-line" },
  ".cm-completionDetail": { color: "inherit", opacity: 0.8 },
  ".cm-panels": { background: "var(--sunken)", color: "var(--ink)", borderColor: "var(--line)" },
  ".cm-panel.cm-search": { padding: "0.4rem 2rem 0.4rem 0.6rem", font: "inherit" },
  ".cm-panel.cm-search label": { fontSize: "0.9rem" },
  ".cm-textfield": { background: "var(--panel)", color: "inherit", border: "1px solid var(--edge)", fontSize: "0.9rem" },
  ".cm-button": { background: "var(--panel)", backgroundImage: "none", color: "inherit", border: "1px solid var(--edge)", borderRadius: "0.35rem", fontSize: "0.9rem" },
  ".cm-panel.cm-search [name=close]": { color: "inherit", fontSize: "1.2rem" },
  ".cm-searchMatch": { background: "var(--warn-ground)", outline: "1px solid var(--warn)" },
  ".cm-matchingBracket": { background: "var(--good-ground)", outline: "1px solid var(--good)" },
  ".cm-nonmatchingBracket": { background: "var(--bad-ground)" },
  ".cm-selectionMatch": { background: "var(--warn-ground)" },
  ".cm-foldPlaceholder": { background: "var(--sunken)", borderColor: "var(--line)", color: "var(--soft)" },
  // What was taken out and what was put in: the merge view's own colours know neither the page's nor the dark ones.
  "&.cm-merge-b .cm-changedLine, .cm-insertedLine": { background: "var(--good-ground)" },
  "&.cm-merge-b .cm-changedText": { background: "color-mix(in srgb, var(--good) 30%, transparent)" },
  ".cm-deletedChunk": { background: "var(--bad-ground)" },
  ".cm-deletedChunk .cm-deletedText": { background: "color-mix(in srgb, var(--bad) 30%, transparent)" },
  "&.cm-merge-b .cm-changedLineGutter": { background: "none" },
  ".cm-deletedLineGutter": { background: "none" },
  ".cm-changedLineGutter::after": { content: "'+'", paddingLeft: "0.3em", color: "var(--good)", fontWeight: "700" },
  ".cm-deletedLineGutter::after": { content: "'−'", paddingLeft: "0.3em", color: "var(--bad)", fontWeight: "700" },
  ".cm-changeGutter": { width: "1.2em", paddingLeft: "0" },
  ".cm-collapsedLines": { background: "var(--sunken)", color: "var(--soft)", padding: "0.2rem 0.6rem" },
  ".cm-collapsedLines::before, .cm-collapsedLines::after": { content: "'⋯'" },
});

// A shadow tree below `host`, made once.
export function shadowOf(host) {
  return host.shadowRoot ?? host.attachShadow({ mode: "open" });
}

// What the editor and the diffs share. `phrases` are CodeMirror's own words in the reader's language.
export function common(phrases, label) {
  return [
    EditorState.phrases.of(phrases),
    EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", tabindex: "0", translate: "no" }),
    EditorView.lineWrapping,
    yaml(),
    syntaxHighlighting(colours),
    lineNumbers(),
    look,
  ];
}

// `on` has changed(text), moved(), save(), tooLong(); `known()` is what completion may use.
export function makeEditor({ host, text, phrases, label, known, on }) {
  const root = shadowOf(host);
  const keys = [
    { key: "Mod-s", preventDefault: true, run: () => (on.save(), true) },
    { key: "F8", run: nextDiagnostic },
    { key: "Shift-F8", run: previousDiagnostic },
    ...completionKeymap, ...closeBracketsKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...defaultKeymap, indentWithTab,
  ];
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        common(phrases, label),
        highlightActiveLineGutter(), highlightActiveLine(), highlightSpecialChars(), highlightSelectionMatches(),
        history(), drawSelection(), dropCursor(), foldGutter(), lintGutter(), indentOnInput(), bracketMatching(), closeBrackets(),
        indentUnit.of("  "), EditorState.tabSize.of(2), EditorState.allowMultipleSelections.of(true),
        search({ top: true }),
        tooltips({ position: "fixed" }),
        autocompletion({ override: [completions(known)], icons: false }),
        hoverTooltip((shown, position) => meaning(shown, position, known)),
        EditorState.changeFilter.of((transaction) => {
          const fits = transaction.newDoc.length <= LONGEST || transaction.newDoc.length < transaction.startState.doc.length;
          if (!fits) on.tooLong();
          return fits;
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) on.changed();
          if (update.docChanged || update.selectionSet) on.moved();
        }),
        keymap.of(keys),
      ],
    }),
  });
  return view;
}

function meaning(view, position, known) {
  const found = meaningAt(view.state.doc, position, known());
  if (!found) return null;
  return {
    pos: found.from,
    end: found.to,
    above: true,
    create() {
      const dom = document.createElement("div");
      const title = document.createElement("strong");
      dom.className = "meaning";
      title.textContent = found.title;
      dom.append(title, `\n${found.text}`);
      return { dom };
    },
  };
}

// A position for a line and column from 1, inside the text however it has changed since.
export function positionOf(doc, line, column) {
  const found = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return Math.min(found.from + column - 1, found.to);
}

export function markProblems(view, problems) {
  const { doc } = view.state;
  const diagnostics = problems.map(({ line, column, end, code, message, warning }) => {
    const from = positionOf(doc, line, column);
    return { from, to: Math.max(from, positionOf(doc, line, end)), severity: warning ? "warning" : "error", source: code, message };
  });
  view.dispatch(setDiagnostics(view.state, diagnostics));
}

// Put the cursor there, in the middle of what is seen.
export function jump(view, line, column = 1) {
  const position = positionOf(view.state.doc, line, column);
  view.dispatch({ selection: { anchor: position }, effects: EditorView.scrollIntoView(position, { y: "center" }) });
  view.focus();
}

// Another text instead of the one there; what stood there comes back with undo. Only what differs is changed, so that the
// cursor stays in its step.
export function replaceText(view, text) {
  const old = view.state.doc.toString();
  if (text === old) return;
  const shorter = Math.min(text.length, old.length);
  let begin = 0;
  while (begin < shorter && text[begin] === old[begin]) begin++;
  let end = 0;
  while (end < shorter - begin && text.at(-1 - end) === old.at(-1 - end)) end++;
  view.dispatch({ changes: { from: begin, to: old.length - end, insert: text.slice(begin, text.length - end) } });
}
