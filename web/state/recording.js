/** Recording with the microphone, and measuring the volume. */

const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const ENDINGS = { "audio/webm": "weba", "audio/mp4": "m4a", "audio/ogg": "ogg" };
const TICK_MS = 80;
const POINTS = 64;
const MAX_MS = 10 * 60_000;

export class Recording {
  #levels = [];
  #pieces = [];
  #startedAt = 0;
  #isOver = false;
  #timer;
  #stream;
  #context;
  #recorder;

  /** *onTick(levels, ms)* is called with the volumes so far (0 to 100) and the length. */
  constructor(onTick) {
    this.onTick = onTick;
  }

  /** Ask for the microphone and start; rejects if there is none or the user forbids it. */
  async start() {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    if (this.#isOver) return stop(stream);
    this.#stream = stream;
    const type = TYPES.find((each) => MediaRecorder.isTypeSupported(each));
    this.#recorder = new MediaRecorder(stream, { mimeType: type, audioBitsPerSecond: 32_000 });
    this.#recorder.ondataavailable = ({ data }) => data.size && this.#pieces.push(data);
    this.#recorder.start(1000);
    this.#startedAt = Date.now();
    this.#listen(stream);
  }

  /** Stop, and return {file, duration_ms, waveform}. */
  async finish() {
    const length = this.#length;
    if (this.#recorder?.state === "recording") {
      const stopped = new Promise((resolve) => (this.#recorder.onstop = resolve));
      this.#recorder.stop();
      await stopped;
    }
    const type = (this.#recorder?.mimeType ?? "audio/webm").split(";")[0];
    const file = new File(this.#pieces, `voice.${ENDINGS[type] ?? "webm"}`, { type });
    const waveform = condense(this.#levels);
    this.cancel();
    return { file, duration_ms: Math.round(length), waveform };
  }

  cancel() {
    this.#isOver = true;
    clearInterval(this.#timer);
    if (this.#recorder?.state === "recording") this.#recorder.stop();
    stop(this.#stream);
    this.#context?.close().catch(() => {});
    this.#context = null;
  }

  get #length() {
    return this.#startedAt ? Date.now() - this.#startedAt : 0;
  }

  #listen(stream) {
    this.#context = new AudioContext();
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = 512;
    this.#context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Uint8Array(analyser.fftSize);
    this.#timer = setInterval(() => {
      analyser.getByteTimeDomainData(samples);
      const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample - 128)), 0);
      this.#levels.push(Math.min(100, Math.round((loudest / 128) * 140)));
      this.onTick(this.#levels, this.#length);
      if (this.#length > MAX_MS && this.#recorder.state === "recording") this.#recorder.stop();
    }, TICK_MS);
  }
}

function stop(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}

/** Reduce the levels to at most POINTS, the maximum of each part. */
function condense(levels) {
  const count = Math.min(POINTS, levels.length);
  return Array.from({ length: count }, (_, at) => {
    const from = Math.floor((at * levels.length) / count);
    const to = Math.max(from + 1, Math.floor(((at + 1) * levels.length) / count));
    return Math.max(...levels.slice(from, to));
  });
}
