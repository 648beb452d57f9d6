// Has the text checked as one types. However slow an answer is, only the newest one counts.
import { json } from "../lib/request.js";

const PAUSE = 350; // milliseconds of not typing
const AGAIN = 5000; // milliseconds until a check that failed is asked for again

export function makeChecking({ address, ask, text, checked, failed }) {
  let timer = null;
  let running = null;

  async function check() {
    clearTimeout(timer);
    running?.abort();
    const mine = (running = new AbortController());
    const asked = text();
    try {
      const answer = await ask(address, { ...json({ text: asked }), signal: mine.signal, seconds: 30 });
      if (!mine.signal.aborted) checked(answer, asked);
      return answer;
    } catch (error) {
      if (mine.signal.aborted) return null;
      failed(error);
      if (error.status !== 401) timer = setTimeout(check, AGAIN);
      return null;
    }
  }

  return {
    soon() {
      clearTimeout(timer);
      timer = setTimeout(check, PAUSE);
    },
    now: check,
  };
}

// The list of problems below the editor; each leads to its place.
export function listProblems({ list, summary, texts, problems, path, jump }) {
  const errors = problems.filter(({ warning }) => !warning).length;
  const warnings = problems.length - errors;
  summary.textContent = problems.length
    ? [errors && say(texts, errors === 1 ? "error_one" : "errors", errors), warnings && say(texts, warnings === 1 ? "warning_one" : "warnings", warnings)]
        .filter(Boolean)
        .join(", ")
    : texts.no_problems;
  summary.className = errors ? "bad-text" : warnings ? "warn-text" : "good-text";
  list.replaceChildren(...problems.map((problem) => item(problem, path, texts, jump)));
}

function item(problem, path, texts, jump) {
  const line = document.createElement("li");
  const here = problem.file === path;
  const place = document.createElement(here ? "button" : "a");
  place.className = "problem";
  const where = texts.line.replace("{line}", problem.line).replace("{column}", problem.column);
  const strong = document.createElement("strong");
  strong.textContent = here ? where : `${problem.file}, ${where}`;
  const message = document.createElement("span");
  message.lang = problem.language;
  message.textContent = problem.message;
  const code = document.createElement("code");
  code.textContent = problem.code;
  place.append(strong, " ", message, " ", code);
  place.classList.add(problem.warning ? "warning" : "error");
  if (here) place.addEventListener("click", () => jump(problem.line, problem.column));
  else place.href = `/admin/flows/edit/${problem.file}`;
  if (here) place.type = "button";
  line.append(place);
  return line;
}

function say(texts, key, n) {
  return texts[key].replace("{n}", n);
}
