/** The green room's test: three seconds of you, played back, and what they tell of the microphone and the loudspeaker. */

import type { Meter } from "./meter";
import { Meter as TrackMeter } from "./meter";

export const testSeconds = 3;

export interface Verdict {
  good: boolean;
  text: string;
}

const sampleEveryMs = 20;
const quietDbfs = -42; // the loud tenth of a voice that others have to strain for
const loudDbfs = -9; // RMS; peaks then reach full scale
const audibleOverNoiseDb = 9;

/** The loud end of some levels: what a tenth of them exceed. */
function loudTenth(levels: number[]): number {
  const sorted = [...levels].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.9)] ?? -70;
}

async function levels(meter: Meter, ms: number): Promise<number[]> {
  const found: number[] = [];
  const until = performance.now() + ms;
  while (performance.now() < until) {
    found.push(meter.dbfs());
    await new Promise((resolve) => setTimeout(resolve, sampleEveryMs));
  }
  return found;
}

export class SoundCheck {
  constructor(
    private readonly track: MediaStreamTrack,
    private readonly meter: Meter,
    private readonly speaker: string,
  ) {}

  /** Record for three seconds. */
  async record(): Promise<{ recording: Blob; verdict: Verdict }> {
    const recorder = new MediaRecorder(new MediaStream([this.track]));
    const parts: Blob[] = [];
    recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
    recorder.start();
    const loud = loudTenth(await levels(this.meter, testSeconds * 1000));
    recorder.stop();
    await stopped;
    return { recording: new Blob(parts, { type: recorder.mimeType }), verdict: judge(loud) };
  }

  /**
   * Play it, and listen meanwhile to the microphone without the browser's echo cancellation.
   * True when the loudspeaker reaches the microphone; null when that could not be found out.
   */
  async playBack(recording: Blob): Promise<boolean | null> {
    const audio = new Audio(URL.createObjectURL(recording));
    if (this.speaker && "setSinkId" in audio) await audio.setSinkId(this.speaker).catch(() => {});
    const raw = await this.rawMicrophone();
    try {
      const meter = raw && new TrackMeter(raw);
      const before = meter ? loudTenth(await levels(meter, 400)) : 0;
      const ended = new Promise<void>((resolve) => {
        for (const name of ["ended", "error"]) audio.addEventListener(name, () => resolve(), { once: true });
      });
      await audio.play();
      const heard = meter ? loudTenth(await levels(meter, testSeconds * 800)) : 0;
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, testSeconds * 1000))]);
      meter?.close();
      return meter ? heard - before > audibleOverNoiseDb : null;
    } finally {
      raw?.stop();
      URL.revokeObjectURL(audio.src);
    }
  }

  private async rawMicrophone(): Promise<MediaStreamTrack | null> {
    // iOS mutes the first microphone when a page opens a second one.
    if (/iPad|iPhone/.test(navigator.userAgent)) return null;
    const { deviceId } = this.track.getSettings();
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: deviceId ? { ...audio, deviceId } : audio });
      return stream.getAudioTracks()[0] ?? null;
    } catch {
      return null;
    }
  }
}

function judge(dbfs: number): Verdict {
  if (dbfs <= -60)
    return { good: false, text: "Nothing was heard. Choose another microphone, or look for a mute switch." };
  if (dbfs < quietDbfs) return { good: false, text: "You are very quiet. Come closer, or turn the microphone up." };
  if (dbfs > loudDbfs) return { good: false, text: "You are too loud and may distort. Move back, or turn it down." };
  return { good: true, text: "You sound good." };
}
