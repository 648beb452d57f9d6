// The sound of a ringing phone, made by the browser. Browsers let a page sound only after somebody clicked or pressed a
// key on it; until then the page says so.

const LONGEST = 60; // seconds; no phone rings longer
const EVERY = 3; // seconds from one ring to the next
const RINGS = [0, 0.55]; // when the two strokes of a ring begin
const TONES = [523.25, 659.25]; // Hz
const STROKE = 0.4; // seconds

export class Bell {
  #context = null;
  #ringing = null;

  get ready() {
    return this.#context?.state === "running";
  }

  // Must be called while somebody clicks or presses a key.
  async unlock() {
    if (!("AudioContext" in window)) return false;
    this.#context ??= new AudioContext();
    if (this.#context.state !== "running") await this.#context.resume().catch(() => {});
    return this.ready;
  }

  // Rings until told to stop; the sound's own clock keeps the time, so that a page in the background rings as well.
  ring(volume, seconds = LONGEST) {
    this.stop();
    if (!this.ready) return;
    const context = this.#context;
    const loudness = new GainNode(context, { gain: (volume / 100) ** 2 });
    loudness.connect(context.destination);
    const oscillators = TONES.map((frequency) => new OscillatorNode(context, { frequency }));
    const strokes = new GainNode(context, { gain: 0 });
    strokes.connect(loudness);
    const start = context.currentTime + 0.05;
    for (let at = 0; at < seconds; at += EVERY) for (const begin of RINGS) stroke(strokes.gain, start + at + begin);
    for (const each of oscillators) {
      each.connect(strokes);
      each.start(start);
      each.stop(start + seconds);
    }
    this.#ringing = { oscillators, loudness };
  }

  stop() {
    if (!this.#ringing) return;
    for (const each of this.#ringing.oscillators) each.disconnect();
    this.#ringing.loudness.disconnect();
    this.#ringing = null;
  }
}

function stroke(gain, at) {
  gain.setValueAtTime(0, at);
  gain.linearRampToValueAtTime(0.5, at + 0.02);
  gain.setTargetAtTime(0, at + 0.08, STROKE / 4);
}
