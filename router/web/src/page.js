// On every page: times in the reader's zone, and forms that are sent once.
import { showTimes } from "./lib/times.js";

showTimes(document);

for (const form of document.querySelectorAll("form[data-busy]")) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button");
    button.disabled = true;
    button.textContent = form.dataset.busy;
  });
}

// A page taken out of the browser's memory would show what was true then.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
