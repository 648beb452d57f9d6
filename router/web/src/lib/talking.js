// The button that lets a tester speak: what it says, the level, and what became of it.
import { NoSound, Recording } from "./microphone.js";

const LOUD = 0.25; // the level that fills the meter

// `send` gets telephone WAV. `null` where the page has no such button.
export function makeTalking({ button, level, state, texts, send }) {
  if (!button) return null;
  let recording = null;

  function tell(what) {
    state.textContent = what ? texts[`talk.${what}`] : "";
    state.hidden = !what;
    if (what) state.scrollIntoView({ block: "nearest" });
  }

  function look() {
    button.textContent = texts[recording ? "talk.stop" : "talk.start"];
    level.hidden = !recording;
    level.value = 0;
  }

  async function talk() {
    const mine = (recording = new Recording({
      worklet: button.dataset.worklet,
      onRecording: () => tell("recording"),
      onLevel: (loudness) => (level.value = Math.min(1, Math.sqrt(loudness / LOUD))),
    }));
    tell("asking");
    look();
    try {
      const sound = await mine.done;
      if (recording !== mine) return;
      recording = null;
      look();
      tell(sound ? "working" : "silence");
      if (!sound) return;
      await send(sound);
      tell("");
    } catch (error) {
      if (recording === mine) recording = null;
      look();
      tell(error instanceof NoSound ? error.message : "broken");
    }
  }

  // Something else was the answer.
  function cancel() {
    if (!recording) return;
    const mine = recording;
    recording = null;
    mine.cancel();
    look();
    tell("");
  }

  button.addEventListener("click", () => (recording ? recording.stop() : talk()));
  return { cancel };
}

// What a recogniser may have heard, and how likely each is.
export function readingList(readings, texts) {
  const list = document.createElement("ol");
  for (const { text, weight } of readings) {
    const [line, said] = [document.createElement("li"), document.createElement("q")];
    said.textContent = text;
    line.append(said, ` ${texts.percent.replace("{n}", Math.round(weight * 100))}`);
    list.append(line);
  }
  return list;
}
