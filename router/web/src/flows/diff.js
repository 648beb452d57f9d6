// Shows what changed from one text to another, line by line, below `host`.
import { unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { common, shadowOf } from "./editor.js";

export function showDiff({ host, before, after, phrases, label }) {
  const root = shadowOf(host);
  root.replaceChildren();
  return new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: after,
      extensions: [
        common(phrases, label),
        EditorState.readOnly.of(true),
        EditorView.editable.of(false),
        EditorView.contentAttributes.of({ tabindex: "0" }),
        unifiedMergeView({
          original: before,
          mergeControls: false,
          gutter: true,
          highlightChanges: true,
          collapseUnchanged: { margin: 3, minSize: 6 },
          diffConfig: { scanLimit: 2000, timeout: 1000 },
        }),
      ],
    }),
  });
}
