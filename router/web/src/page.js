// On every page: times in the reader's zone, forms that are sent once, and nothing of anybody else's work.
import { keepOnly } from "./lib/kept.js";
import { tellSignedOut } from "./lib/signing-out.js";
import { showTimes } from "./lib/times.js";

showTimes(document);

// What was typed at the desk goes when somebody signs out, or somebody else is here now.
keepOnly(document.body.dataset.person);
document.querySelector('form[action="/sign-out"]')?.addEventListener("submit", () => {
  keepOnly(null);
  tellSignedOut();
});

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
