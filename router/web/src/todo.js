// The list of work: fetched anew whenever the stream says that something in it has changed.
import { fragment, toSignIn } from "./lib/request.js";
import { Stream } from "./lib/stream.js";
import { showTimes } from "./lib/times.js";

const texts = JSON.parse(document.getElementById("texts").textContent);
const [list, connection] = ["todo", "connection"].map((id) => document.getElementById(id));
let loading = null;

async function load() {
  loading?.abort();
  const mine = (loading = new AbortController());
  try {
    const html = await fragment("/desk/work/list", { signal: mine.signal, seconds: 8 });
    if (mine === loading) show(html);
  } catch (error) {
    if (mine === loading && error.status !== 401) setTimeout(() => mine === loading && load(), 2000);
  }
}

// Whoever is on a link or a button stays with that piece of work.
function show(html) {
  const place = list.contains(document.activeElement) ? whereabouts(document.activeElement) : null;
  list.innerHTML = html;
  showTimes(list);
  if (place) list.querySelector(place)?.focus();
}

function whereabouts(element) {
  const form = element.closest("form");
  if (element.href) return `a[href="${CSS.escape(element.getAttribute("href"))}"]`;
  if (!form) return element.getAttribute("aria-labelledby") ? `[aria-labelledby="${element.getAttribute("aria-labelledby")}"]` : null;
  const action = `[name=action][value="${CSS.escape(form.elements.action.value)}"]`;
  return `form[action="${CSS.escape(form.getAttribute("action"))}"]:has(${action}) button`;
}

const stream = new Stream("/v1/desk/events?work=1", {
  event(name, data) {
    if (name === "work" && !data.card) load();
  },
  state(now) {
    connection.dataset.state = now;
    connection.textContent = now === "live" ? "" : (texts[now] ?? texts.reconnecting);
  },
  over: toSignIn,
});

stream.run();
