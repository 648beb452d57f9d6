// In the browser's audio thread: hands the microphone's samples to the page as they come.
registerProcessor(
  "recorder",
  class extends AudioWorkletProcessor {
    process([[samples]]) {
      if (samples) this.port.postMessage(samples.slice());
      return true;
    }
  },
);
