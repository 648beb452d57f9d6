// The test phone: dials, hears prompts, presses keys and speaks by typing, through the same engine as every call.
import { Failed, json, request } from "./lib/request.js";
import { makeTalking, readingList } from "./lib/talking.js";
import { clockTime } from "./lib/times.js";

const texts = JSON.parse(document.getElementById("texts").textContent);
const at = (id) => document.getElementById(id);

const queues = JSON.parse(at("dial").dataset.queues); // what people call them, by name

let call = null; // what the last answer said of the call
let typed = ""; // keys pressed and not sent yet
let sendTimer = null;
let polling = null;
let busy = false;
let texted = 0; // text messages of the call shown so far

// Talking to the router ------------------------------------------------------------------------------------------------

async function ask(address, options) {
  try {
    const answer = await (await request(address, options)).json();
    at("problem").hidden = true;
    return answer;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    const refused = error instanceof Failed && (texts[`wrong.${error.field}`] || error.message);
    at("problem").textContent = refused || texts.failed;
    at("problem").hidden = false;
    return null;
  }
}

async function dial() {
  const time = at("at").value;
  const from = {
    from: at("from").value.trim(),
    withheld: at("withheld").checked,
    to: at("to").value.trim() || null,
    at: time ? new Date(time).toISOString() : null,
    ...JSON.parse(at("dial").dataset.more ?? "{}"), // what the page around the phone adds, such as a draft to try
  };
  at("heard").replaceChildren();
  texted = 0;
  setState("dialling");
  const answer = await once(async () => {
    await seeOpening(); // the office may have closed since the page was opened
    return ask("/testphone/calls", json({ ...from, hours_at: pretended() }));
  });
  if (answer) take(answer);
  else setState("idle");
}

// Opening hours: a tester wants to reach somebody. Where the office is closed now, they go by the next time it is open.

let opening = { open: true };
let pretending = true;

async function seeOpening() {
  const answer = await ask(`/testphone/opening?to=${encodeURIComponent(at("to").value.trim())}`);
  if (answer) opening = answer;
  showOpening();
}

function pretended() {
  return !at("at").value && !opening.open && pretending ? opening.next : null;
}

function officeTime(time, day) {
  const form = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: opening.zone, ...day };
  return time ? new Intl.DateTimeFormat(document.documentElement.lang, form).format(new Date(time)) : "";
}

function showOpening() {
  const told = !opening.open && !at("at").value; // a time that the tester has chosen goes for opening hours, too
  at("opening").hidden = !told;
  if (!told) return;
  const [now, next] = [officeTime(opening.now), officeTime(opening.next, { weekday: "long" })];
  const text = texts[pretended() ? "opening.pretended" : "opening.closed"];
  at("opening-text").textContent = text.replace("{now}", now).replace("{time}", next);
  at("pretend").hidden = !opening.next;
  at("pretend").textContent = texts[pretending ? "opening.real" : "opening.pretend"].replace("{time}", next);
}

function beginAnswer() {
  clearTimeout(sendTimer);
  typed = "";
  showDigits();
  hush();
}

async function send(event, line) {
  if (!call || busy) return;
  talking?.cancel();
  beginAnswer();
  if (line) hear("caller", line);
  const answer = await once(() => ask(`/testphone/calls/${call.call}/events`, json({ sequence: call.sequence, ...event })));
  if (answer) take(answer);
}

async function sendSound(body) {
  if (!call || busy) return;
  beginAnswer();
  const options = { method: "POST", headers: { "Content-Type": "audio/wav" }, body, seconds: 30 };
  const answer = await once(() => ask(`/testphone/calls/${call.call}/speech?sequence=${call.sequence}`, options));
  if (!answer) return;
  hearSpeech(answer.understood);
  take(answer);
}

async function hangUp() {
  if (!call) return;
  talking?.cancel();
  polling?.abort();
  hush();
  const answer = await once(() => ask(`/testphone/calls/${call.call}/hangup`, json({})));
  if (answer) take(answer, true);
}

async function once(work) {
  busy = true;
  enable();
  try {
    return await work();
  } finally {
    busy = false;
    enable();
  }
}

// While the call waits or talks, what happens next comes from the other side.
async function follow() {
  polling?.abort();
  const mine = (polling = new AbortController());
  try {
    while (call && !mine.signal.aborted && ["queue", "talking"].includes(call.state)) {
      const before = call;
      const answer = await ask(`/testphone/calls/${call.call}?after=${call.sequence}`, { seconds: 30, signal: mine.signal });
      if (mine.signal.aborted) return;
      const news = answer && (answer.sequence !== before.sequence || answer.state !== before.state);
      if (news || answer?.texts?.length > texted) take(answer);
      else await new Promise((resolve) => setTimeout(resolve, answer ? 300 : 2000));
    }
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

// What came back -------------------------------------------------------------------------------------------------------

function take(answer, byCaller = false) {
  const news = call?.call !== answer.call || call.sequence !== answer.sequence;
  call = answer;
  const prompts = answer.commands.flatMap((command) => command.prompts ?? []);
  for (const text of (answer.texts ?? []).slice(texted)) hear("text", `${texts.text_message} ${text}`);
  texted = answer.texts?.length ?? 0;
  if (news && !byCaller) {
    for (const prompt of prompts) hear("house", prompt.text, prompt.language);
    const whisper = answer.commands.at(-1)?.whisper;
    if (whisper) hear("whisper", texts.whisper.replace("{text}", whisper.text), whisper.language);
    say(prompts);
  }
  if (answer.state === "ended") hear("end", byCaller || answer.outcome === "hung_up" ? texts.hung_up : texts.system_hung_up);
  showTrace(answer.trace);
  at("trace").dispatchEvent(new CustomEvent("testphone:trace", { bubbles: true, detail: answer.trace }));
  setState(answer.state);
  if (["queue", "talking"].includes(answer.state) && news) follow();
}

function wanted() {
  return call && call.state === "flow" ? call.commands.at(-1) : null;
}

function setState(state) {
  at("state").textContent = texts[`state.${state}`] ?? state;
  at("state").dataset.state = state;
  if (state === "dialling" || state === "idle" || state === "ended") {
    if (state === "ended") polling?.abort();
    call = state === "ended" ? { ...call, state } : null;
  }
  const command = wanted();
  const last = call?.commands.at(-1);
  at("wants").textContent =
    command?.kind === "ask_digits"
      ? texts[command.max_digits === 1 ? "wants.key" : "wants.digits"].replace("{n}", command.max_digits) +
        (command.speech ? texts["wants.speech"] : "")
      : command?.kind === "record_message"
        ? texts["wants.recording"]
        : state === "queue" && last?.kind === "transfer"
          ? texts["wants.queue"].replace("{queue}", queues[last.queue] ?? last.queue)
          : "";
  enable();
}

function enable() {
  const [command, running] = [wanted(), call && call.state !== "ended"];
  const [digits, record] = [command?.kind === "ask_digits", command?.kind === "record_message"];
  at("call").disabled = busy || Boolean(running);
  for (const id of ["from", "to", "withheld"]) at(id).disabled = Boolean(running);
  if (!running) at("from").disabled = at("withheld").checked;
  at("hang-up").disabled = !running;
  for (const key of at("keypad").children) key.disabled = busy || !digits;
  at("silent").disabled = busy || !(digits || record);
  at("words").disabled = !(record || (digits && command.speech));
  at("say").disabled = busy || at("words").disabled;
  if (talking) at("talk").disabled = busy || !(digits && command.speech);
}

function hear(who, text, language) {
  const line = document.createElement("li");
  line.className = who;
  if (language) line.lang = language;
  line.textContent = who === "caller" ? `${texts.caller} ${text}` : text;
  at("heard").append(line);
  line.scrollIntoView({ block: "nearest" });
}

// What was understood of a spoken answer, with the other readings and how likely each is.
function hearSpeech(understood) {
  if (!understood) return;
  const { kind, text, readings, recogniser } = understood;
  if (kind !== "speech_heard") return hear("caller", texts[kind === "speech_lost" ? "talk.lost" : "talk.unheard"]);
  hear("caller", texts.said.replace("{text}", () => text));
  hear("readings", texts["talk.heard_by"].replace("{recogniser}", recogniser));
  at("heard").lastElementChild.append(readingList(readings, texts));
}

function showTrace(trace) {
  at("trace").replaceChildren(
    ...trace.map((each, index) => {
      const line = document.createElement("li");
      const time = document.createElement("time");
      time.dateTime = each.at;
      time.textContent = clockTime(new Date(each.at));
      const step = document.createElement("strong");
      step.textContent = each.step;
      const flow = each.flow && each.flow !== trace[index - 1]?.flow ? `${each.flow} › ` : "";
      line.append(time, ` ${flow}`, step, each.type ? ` (${each.type}) ${each.note}` : ` ${each.note}`);
      return line;
    }),
  );
  at("trace").lastElementChild?.scrollIntoView({ block: "nearest" });
}

// Reading aloud --------------------------------------------------------------------------------------------------------

const canSpeak = "speechSynthesis" in window;
at("speak").disabled = !canSpeak;
at("speak").checked = canSpeak && localStorage.getItem("speak") === "on";
at("speak").addEventListener("change", () => {
  localStorage.setItem("speak", at("speak").checked ? "on" : "off");
  if (!at("speak").checked) hush();
});

function say(prompts) {
  if (!canSpeak || !at("speak").checked) return;
  for (const prompt of prompts) {
    const words = new SpeechSynthesisUtterance(prompt.text);
    words.lang = prompt.language === "de" ? "de-DE" : "en-GB";
    speechSynthesis.speak(words);
  }
}

function hush() {
  if (canSpeak) speechSynthesis.cancel();
}

// Keys and words -------------------------------------------------------------------------------------------------------

function press(key) {
  const command = wanted();
  if (command?.kind !== "ask_digits" || busy) return;
  hush();
  clearTimeout(sendTimer);
  if (key === "#") return sendDigits();
  typed += key;
  showDigits();
  if (typed.length >= command.max_digits) sendDigits();
  else sendTimer = setTimeout(sendDigits, command.next_timeout * 1000);
}

function sendDigits() {
  const digits = typed;
  send({ kind: "digits_entered", digits }, texts.pressed.replace("{digits}", digits || "#"));
}

function showDigits() {
  at("digits").textContent = typed;
}

at("keypad").addEventListener("click", (event) => {
  const digit = event.target.closest("[data-digit]")?.dataset.digit;
  if (digit) press(digit);
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  const target = event.composedPath()[0];
  if (target.isContentEditable || target.closest?.("input:not([type=checkbox]), select, textarea")) return;
  if (/^[0-9*#]$/.test(event.key)) {
    event.preventDefault();
    press(event.key);
  } else if (event.key === "Enter" && typed && !event.target.closest?.("button, a")) {
    event.preventDefault();
    sendDigits();
  } else if (event.key === "Backspace" && typed) {
    typed = typed.slice(0, -1);
    showDigits();
  }
});

at("silent").addEventListener("click", () => {
  const recording = wanted()?.kind === "record_message";
  send(recording ? { kind: "recording_ended", text: "", seconds: 0 } : { kind: "input_timed_out" }, texts.silent);
});

at("speech").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = at("words").value.trim();
  if (!text || at("words").disabled) return;
  at("words").value = "";
  const recording = wanted()?.kind === "record_message";
  const seconds = Math.max(1, Math.round(text.split(/\s+/).length / 2.5)); // people say about 150 words a minute
  send(recording ? { kind: "recording_ended", text, seconds } : { kind: "speech_heard", text }, texts.said.replace("{text}", text));
});

const talking = makeTalking({ button: at("talk"), level: at("level"), state: at("talk-state"), texts, send: sendSound });

at("dial").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!busy) dial();
});
at("hang-up").addEventListener("click", hangUp);
at("withheld").addEventListener("change", enable);

// A caller whose page is closed has hung up.
addEventListener("pagehide", () => {
  polling?.abort();
  talking?.cancel();
  hush();
  if (call && call.state !== "ended") fetch(`/testphone/calls/${call.call}/hangup`, { ...json({}), keepalive: true });
});

at("to").addEventListener("change", seeOpening);
at("at").addEventListener("input", showOpening);
at("pretend").addEventListener("click", () => {
  pretending = !pretending;
  showOpening();
});

seeOpening();
setState("idle");
