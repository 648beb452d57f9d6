// Imports a file of messages: sends it as it is and shows what becomes of each row while it goes.
import { eachLine } from "./lib/lines.js";
import { request } from "./lib/request.js";

const texts = JSON.parse(document.getElementById("texts").textContent);
const [form, progress, errors] = ["import", "progress", "errors"].map((id) => document.getElementById(id));
const MOST_SHOWN = 50;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [file, button] = [document.getElementById("file").files[0], form.querySelector("button")];
  button.disabled = true;
  errors.replaceChildren();
  progress.textContent = "";
  const counts = { good: 0, bad: 0 };
  try {
    const kind = /\.(ndjson|jsonl)$/i.test(file.name) ? "application/x-ndjson" : "text/csv";
    const response = await request("/v1/messages/import", {
      method: "POST",
      headers: { "Content-Type": kind },
      body: file,
      seconds: 3600,
    });
    await eachLine(response.body, (answer) => {
      if (!answer.errors) counts.good++;
      else if (++counts.bad <= MOST_SHOWN) showError(answer);
      say(texts.progress, { ...counts, done: counts.good + counts.bad });
    });
    if (counts.bad > MOST_SHOWN) addError(texts.more.replace("{n}", counts.bad - MOST_SHOWN));
    say(texts.done, counts);
  } catch (error) {
    progress.textContent = error.status && error.message ? error.message : texts.failed;
  } finally {
    button.disabled = false;
  }
});

function showError({ row, external_id, errors: found }) {
  const where = texts.row.replace("{n}", row) + (external_id ? ` (${external_id})` : "");
  addError(`${where}: ${found.map(({ field, message }) => `${field}: ${message}`).join("; ")}`);
}

function addError(text) {
  const line = document.createElement("li");
  line.textContent = text;
  errors.append(line);
}

function say(text, values) {
  progress.textContent = text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
