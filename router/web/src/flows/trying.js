// Runs scenarios with the text as it stands, shows what came otherwise than expected, and what none of them goes through.
import { eachLine } from "../lib/lines.js";
import { json } from "../lib/request.js";
import { at, button, fill, make } from "./elements.js";

const MOST_OPEN = 3; // scenarios that went wrong and are shown at once

export function makeTrying({ file, texts, stream, text, graph, jumpToStep, said }) {
  let last = null;

  // What came of all: `{ all, failed: [...] }`; null where they could not run.
  async function run(only) {
    const [start, progress, state] = [at("run-scenarios"), at("scenario-progress"), at("scenario-state")];
    const results = [];
    let all = 0;
    let coverage = null;
    start.disabled = true;
    state.className = "";
    try {
      const response = await stream(`/admin/flows/scenarios/${file.path}`, json({ text: text(), ...(only ? { only } : {}) }));
      await eachLine(response.body, (line) => {
        if ("scenarios" in line) all = line.scenarios;
        if (line.ran) results.push(line.ran);
        if (line.coverage) coverage = line.coverage;
        progress.hidden = false;
        progress.max = Math.max(all, 1);
        progress.value = results.length;
        state.textContent = fill(texts.running, { done: results.length, all });
      });
      if (only) replace(results[0]);
      else show(results, coverage);
      return only ? null : (last = { all, failed: results.filter(({ passed }) => !passed), text: text() });
    } catch (error) {
      state.textContent = error.status === 422 ? texts.not_right_yet : said(error);
      return null;
    } finally {
      progress.hidden = true;
      start.disabled = false;
    }
  }

  function show(results, coverage) {
    const failed = results.filter(({ passed }) => !passed).length;
    at("scenario-state").textContent = summary({ all: results.length, failed: { length: failed } });
    at("scenario-state").className = failed ? "bad-text" : "good-text";
    // What went wrong comes first.
    const sorted = [...results].sort((a, b) => a.passed - b.passed);
    at("scenario-list").replaceChildren(...sorted.map((each) => item(each, failed <= MOST_OPEN)));
    at("coverage").replaceChildren(...(coverage && results.length ? covered(coverage) : []));
    const entered = results.flatMap(({ way }) => way);
    graph?.paint("covered", entered);
    graph?.paint("uncovered", coverage?.missing_steps ?? []);
  }

  function summary({ all, failed }) {
    if (!all) return texts.no_scenarios;
    if (file.kind === "scenario") return texts[failed.length ? "failed" : "passed"];
    return failed.length ? fill(texts.some_failed, { failed: failed.length, all }) : fill(texts.all_passed, { all });
  }

  function replace(result) {
    const old = [...at("scenario-list").children].find((each) => each.dataset.file === result?.file);
    const made = result && item(result, true);
    if (made && old) {
      old.replaceWith(made);
      made.querySelector("button").focus();
    }
    at("scenario-state").textContent = result ? texts[result.passed ? "passed" : "failed"] : "";
    at("scenario-state").className = result?.passed ? "good-text" : "bad-text";
  }

  function item(result, open) {
    const title = make("summary", [
      make("span", result.passed ? "✓" : "✗", { className: result.passed ? "good-text" : "bad-text", ariaHidden: "true" }),
      ` ${result.file.replace(/^scenarios\/|\.ya?ml$/g, "")} `,
      make("span", texts[result.passed ? "passed" : "failed"], { className: "hint" }),
    ]);
    const misses = result.misses.map(({ line, message }) =>
      make("li", [make("a", fill(texts.line_only, { line }), { href: `/admin/flows/edit/${result.file}#L${line}` }), " ", make("span", message, { lang: "en" })]),
    );
    const heard = result.turns.map(({ heard, then }) => make("li", `${heard.join(", ") || "–"} → ${then}`, { lang: "en" }));
    const details = make("details", [
      title,
      make("div", [
        ...(misses.length ? [make("ul", misses, { className: "misses" })] : []),
        make("p", [make("strong", `${texts.way}: `), result.way.join(" → ")], { className: "hint" }),
        ...(heard.length ? [make("p", make("strong", `${texts.heard}:`), { className: "hint" }), make("ol", heard, { className: "hint" })] : []),
        make("div", [
          button(texts.again, () => run(result.file), "quiet"),
          make("a", texts.open_file, { href: `/admin/flows/edit/${result.file}` }),
        ], { className: "line" }),
      ], { className: "stack" }),
    ]);
    const line = make("li", details);
    details.open = open && !result.passed;
    line.dataset.file = result.file;
    return line;
  }

  function covered({ percent, missing_steps, missing_exits }) {
    const steps = missing_steps.map((name) => make("li", button(name, () => jumpToStep(name), "quiet")));
    const exits = missing_exits.map((exit) => make("li", button(exit, () => jumpToStep(exit.split(":")[0]), "quiet")));
    const list = (title, items) => make("details", [make("summary", `${title} (${items.length})`), make("ul", items, { className: "missing" })]);
    return [
      make("p", fill(texts.covered, { percent: percent.toLocaleString(document.documentElement.lang) })),
      ...(steps.length ? [list(texts.missing_steps, steps)] : []),
      ...(exits.length ? [list(texts.missing_exits, exits)] : []),
    ];
  }

  at("run-scenarios").addEventListener("click", () => run());
  return { run, summary, get last() { return last; } };
}
