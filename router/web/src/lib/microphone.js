// Records one spoken answer: until a pause, until told to stop, or until nobody has spoken for a while.
import { resampled, wav } from "./wav.js";

const RATE = 8000; // what a telephone carries
const LONGEST = 15; // seconds of an answer
const PATIENCE = 6; // seconds for the first word
const PAUSE = 1.2; // seconds of silence that end an answer
const QUIETEST = 0.008; // nothing below it is speech
const ABOVE_NOISE = 3; // times the noise of the room
const LEARNING = 0.01; // how fast the noise of the room is followed

// Why there is no recording: refused, missing, insecure or broken.
export class NoSound extends Error {}

const REASONS = { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "missing" };

async function opened() {
  if (!window.isSecureContext || !navigator.mediaDevices) throw new NoSound("insecure");
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
  } catch (error) {
    throw new NoSound(REASONS[error.name] ?? "broken");
  }
}

// Tells speech from the noise of the room by loudness alone; the recogniser on the server decides.
class Loudness {
  #noise = QUIETEST;
  #quiet = 0;
  spoken = false;

  // Whether the answer is over with these samples; `seconds` is how long they are.
  over(level, seconds) {
    const speech = level > Math.max(QUIETEST, ABOVE_NOISE * this.#noise);
    if (!speech) this.#noise += (level - this.#noise) * LEARNING;
    this.spoken ||= speech;
    this.#quiet = speech ? 0 : this.#quiet + seconds;
    return this.#quiet > (this.spoken ? PAUSE : PATIENCE);
  }
}

function loudness(samples) {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

// A recording under way. `done` is telephone WAV, or null where nobody spoke; NoSound where there is no microphone.
export class Recording {
  #context;
  #stream;
  #finish;
  #parts = [];
  #cancelled = false;
  #ended = new Promise((resolve) => (this.#finish = resolve));

  constructor({ worklet, onRecording, onLevel }) {
    this.done = this.#run(worklet, onRecording, onLevel);
  }

  stop() {
    this.#finish(true);
  }

  // Ends it with nothing.
  cancel() {
    this.#cancelled = true;
    this.#finish(false);
  }

  async #run(worklet, onRecording, onLevel) {
    try {
      this.#stream = await opened();
      if (this.#cancelled) return null;
      this.#context = new AudioContext();
      await this.#listen(worklet, onLevel);
      onRecording();
      const spoken = await this.#ended;
      return spoken && this.#parts.length ? await this.#written() : null;
    } catch (error) {
      throw error instanceof NoSound ? error : new NoSound("broken");
    } finally {
      for (const track of this.#stream?.getTracks() ?? []) track.stop();
      this.#context?.close();
    }
  }

  async #listen(worklet, onLevel) {
    const context = this.#context;
    await context.audioWorklet.addModule(worklet);
    await context.resume();
    const recorder = new AudioWorkletNode(context, "recorder", { numberOfInputs: 1, numberOfOutputs: 1 });
    const [room, silence] = [new Loudness(), new GainNode(context, { gain: 0 })];
    let length = 0;
    recorder.port.onmessage = ({ data }) => {
      const level = loudness(data);
      this.#parts.push(data);
      length += data.length;
      onLevel(level);
      if (room.over(level, data.length / context.sampleRate)) this.#finish(room.spoken);
      else if (length >= LONGEST * context.sampleRate) this.#finish(room.spoken);
    };
    this.#stream.getTracks()[0].addEventListener("ended", () => this.#finish(room.spoken));
    // Only what leads to a loudspeaker is worked on; nothing is to be heard there.
    context.createMediaStreamSource(this.#stream).connect(recorder).connect(silence).connect(context.destination);
  }

  async #written() {
    const samples = new Float32Array(this.#parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      samples.set(part, at);
      at += part.length;
    }
    const telephone = await resampled(samples, this.#context.sampleRate, RATE);
    return wav(telephone.subarray(0, LONGEST * RATE), RATE);
  }
}
