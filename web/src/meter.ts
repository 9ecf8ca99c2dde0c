/** Levels of tracks, by WebAudio. Nothing is ever played through it: that would escape the echo cancellation. */

let shared: AudioContext | null = null;

/** The page's one audio context, made again when the system has closed it. */
export function audioContext(): AudioContext {
  if (shared === null || shared.state === "closed") shared = new AudioContext({ latencyHint: "interactive" });
  return shared;
}

/** Call on a user's gesture: browsers start contexts asleep. */
export function wakeAudio(): void {
  const context = audioContext();
  if (context.state !== "running") context.resume().catch(() => {});
}

const silentDbfs = -70;

/** The level of one track. */
export class Meter {
  private readonly analyser: AnalyserNode;
  private readonly source: MediaStreamAudioSourceNode;
  private readonly samples: Float32Array<ArrayBuffer>;

  constructor(track: MediaStreamTrack) {
    const context = audioContext();
    this.analyser = context.createAnalyser();
    this.analyser.fftSize = 1024; // 21 ms at 48 kHz
    this.analyser.smoothingTimeConstant = 0;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.source = context.createMediaStreamSource(new MediaStream([track]));
    this.source.connect(this.analyser);
  }

  /** RMS of the last 21 ms in dB of full scale, -70 at the least. */
  dbfs(): number {
    this.analyser.getFloatTimeDomainData(this.samples);
    let sum = 0;
    for (const sample of this.samples) sum += sample * sample;
    return Math.max(silentDbfs, 10 * Math.log10(sum / this.samples.length + 1e-12));
  }

  /** Loudness as a share of what speech needs: 0 at -55 dBFS, 1 at -12 dBFS. */
  level(): number {
    return Math.min(1, Math.max(0, (this.dbfs() + 55) / 43));
  }

  close(): void {
    this.source.disconnect();
  }
}
