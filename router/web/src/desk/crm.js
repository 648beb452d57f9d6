// The way to the company's own CRM: always in the same tab, and by itself where the settings say so.
import { shownCards, whenShown } from "./cards.js";

const TAB = "threadline-crm";
const OPENED = "crm-opened"; // the cards whose page opened by itself, over a reload
let tab = null;

export function followCrm() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-crm]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(link.href);
  });
  whenShown(() => {
    const cards = shownCards();
    const before = new Set(JSON.parse(sessionStorage.getItem(OPENED) ?? "[]"));
    const now = cards.filter((card) => card.querySelector("a[data-opens]"));
    for (const card of now) if (!before.has(card.dataset.card)) open(card.querySelector("a[data-opens]").href);
    const kept = cards.map((card) => card.dataset.card).filter((id) => before.has(id));
    const all = [...new Set([...kept, ...now.map((card) => card.dataset.card)])];
    if (all.length) sessionStorage.setItem(OPENED, JSON.stringify(all));
    else sessionStorage.removeItem(OPENED);
  });
}

// The CRM learns nothing of the desk: neither where it was opened from, nor has it a hold on this page.
function open(address) {
  if (tab && !tab.closed) {
    tab.location.href = address;
    tab.focus();
    return;
  }
  tab = window.open(address, TAB);
  if (tab) tab.opener = null;
}
