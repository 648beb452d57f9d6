// Sound as a WAV file: one channel, 16-bit PCM.

const HEADER = 44;

export function wav(samples, rate) {
  const data = new DataView(new ArrayBuffer(HEADER + samples.length * 2));
  const text = (at, letters) => [...letters].forEach((letter, index) => data.setUint8(at + index, letter.charCodeAt(0)));
  text(0, "RIFF");
  data.setUint32(4, data.byteLength - 8, true);
  text(8, "WAVEfmt ");
  data.setUint32(16, 16, true);
  data.setUint16(20, 1, true); // PCM
  data.setUint16(22, 1, true);
  data.setUint32(24, rate, true);
  data.setUint32(28, rate * 2, true);
  data.setUint16(32, 2, true);
  data.setUint16(34, 16, true);
  text(36, "data");
  data.setUint32(40, samples.length * 2, true);
  samples.forEach((sample, index) => data.setInt16(HEADER + index * 2, Math.max(-1, Math.min(1, sample)) * 0x7fff, true));
  return data.buffer;
}

// The same sound at another rate. Browsers filter well only what they decode.
export async function resampled(samples, rate, wanted) {
  const context = new OfflineAudioContext(1, 1, wanted);
  return (await context.decodeAudioData(wav(samples, rate))).getChannelData(0);
}
