/** Several tracks as one recording: an <audio> element a speaker, held together by the clock of the first that plays. */

import { h } from "../dom";
import { Events } from "../events";

const checkEveryMs = 250;
const jumpS = 0.25; // a track that is further off is set
const nudgeS = 0.012; // one that is a little off plays 2 % faster or slower until it is not; below, nobody hears it
const nudge = 0.02;

interface PlayerEvents {
  playing: boolean;
  problem: string;
}

export class Player extends Events<PlayerEvents> {
  readonly element = h("div", { hidden: true });
  private readonly tracks = new Map<string, HTMLAudioElement>();
  private rate = 1;
  private timer = 0;
  private wanted = 0; // where the listener last went, while nothing plays

  constructor(
    sources: { id: string; url: string }[],
    readonly duration: number,
  ) {
    super();
    for (const { id, url } of sources) {
      const audio = new Audio(url);
      audio.preload = "auto";
      audio.preservesPitch = true;
      audio.addEventListener("error", () => this.emit("problem", `The track of ${id} cannot be played.`));
      audio.addEventListener("ended", () => this.ended());
      this.tracks.set(id, audio);
      this.element.append(audio);
    }
  }

  get playing(): boolean {
    return this.timer !== 0;
  }

  get time(): number {
    return this.playing ? (this.leader?.currentTime ?? this.wanted) : this.wanted;
  }

  async play(): Promise<void> {
    if (this.playing) return;
    if (this.wanted >= this.duration - 0.1) this.wanted = 0;
    for (const track of this.tracks.values()) track.currentTime = this.wanted;
    const sound = [...this.tracks.values()].filter((track) => !track.error);
    try {
      await Promise.all(sound.map((track) => track.play()));
    } catch (error) {
      this.pause();
      if (!(error instanceof DOMException && error.name === "AbortError")) {
        this.emit("problem", "The browser does not play this. Try again, or download the tracks.");
      }
      return;
    }
    this.timer = window.setInterval(() => this.align(), checkEveryMs);
    this.emit("playing", true);
  }

  pause(): void {
    this.wanted = this.time;
    clearInterval(this.timer);
    this.timer = 0;
    for (const track of this.tracks.values()) track.pause();
    this.emit("playing", false);
  }

  toggle(): void {
    if (this.playing) this.pause();
    else void this.play();
  }

  seek(seconds: number): void {
    this.wanted = Math.min(Math.max(0, seconds), this.duration);
    for (const track of this.tracks.values()) track.currentTime = this.wanted;
  }

  setRate(rate: number): void {
    this.rate = rate;
    for (const track of this.tracks.values()) track.playbackRate = rate;
  }

  setMuted(id: string, muted: boolean): void {
    const track = this.tracks.get(id);
    if (track) track.muted = muted;
  }

  private get leader(): HTMLAudioElement | undefined {
    return [...this.tracks.values()].find((track) => !track.error && !track.ended);
  }

  private align(): void {
    const { leader } = this;
    if (!leader) return;
    for (const track of this.tracks.values()) {
      if (track === leader || track.paused) continue;
      const off = track.currentTime - leader.currentTime;
      if (Math.abs(off) > jumpS) track.currentTime = leader.currentTime;
      track.playbackRate = this.rate * (Math.abs(off) < nudgeS ? 1 : 1 - Math.sign(off) * nudge);
    }
  }

  private ended(): void {
    if ([...this.tracks.values()].some((track) => !track.ended && !track.paused && !track.error)) return;
    this.wanted = this.duration;
    clearInterval(this.timer);
    this.timer = 0;
    this.emit("playing", false);
  }
}
