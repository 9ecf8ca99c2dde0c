/** One speaker's lane: name, mute, solo, waveform. */

import { h, setAttribute } from "../dom";
import type { Peaks, Speaker } from "./archive";

export interface LaneEvents {
  changed: () => void;
  seek: (share: number) => void;
}

export class Lane {
  readonly element: HTMLElement;
  muted = false;
  solo = false;
  private readonly canvas = h("canvas", { "aria-hidden": "true" });
  private readonly mute: HTMLButtonElement;
  private readonly only: HTMLButtonElement;
  private peaks: Peaks | null = null;

  constructor(
    readonly speaker: Speaker,
    private readonly colour: string,
    private readonly duration: number,
    events: LaneEvents,
  ) {
    this.mute = h(
      "button",
      {
        type: "button",
        class: "small",
        "aria-pressed": "false",
        onclick: () => this.set(!this.muted, this.solo, events),
      },
      "Mute",
    );
    this.only = h(
      "button",
      {
        type: "button",
        class: "small",
        "aria-pressed": "false",
        onclick: () => this.set(this.muted, !this.solo, events),
      },
      "Solo",
    );
    for (const [button, verb] of [
      [this.mute, "Mute"],
      [this.only, "Solo"],
    ] as const) {
      button.setAttribute("aria-label", `${verb} ${speaker.name}`);
    }
    const wave = h("div", { class: "wave" }, this.canvas);
    wave.addEventListener("pointerdown", (event) => {
      const box = wave.getBoundingClientRect();
      const go = (at: PointerEvent) => events.seek((at.clientX - box.left) / box.width);
      go(event);
      wave.setPointerCapture(event.pointerId);
      wave.onpointermove = go;
      wave.onpointerup = () => {
        wave.onpointermove = null;
      };
    });
    this.element = h(
      "li",
      { class: "lane" },
      h("div", { class: "who" }, h("b", {}, speaker.name), h("div", { class: "switches" }, this.mute, this.only)),
      wave,
    );
    this.element.style.setProperty("--colour", colour);
    new ResizeObserver(() => this.draw()).observe(wave);
  }

  show(peaks: Peaks | null): void {
    this.peaks = peaks;
    this.draw();
  }

  /** Whether it is heard, given that some lane has solo. */
  setHeard(heard: boolean): void {
    this.element.classList.toggle("unheard", !heard);
  }

  private set(muted: boolean, solo: boolean, events: LaneEvents): void {
    this.muted = muted;
    this.solo = solo;
    setAttribute(this.mute, "aria-pressed", String(muted));
    setAttribute(this.only, "aria-pressed", String(solo));
    events.changed();
  }

  private draw(): void {
    const { canvas, peaks } = this;
    const ratio = Math.min(devicePixelRatio, 2);
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    const pen = canvas.getContext("2d");
    if (!pen || !width || !height) return;
    canvas.width = width;
    canvas.height = height;
    pen.fillStyle = this.colour;
    const middle = height / 2;
    pen.globalAlpha = 0.35;
    pen.fillRect(0, middle - 0.5 * ratio, width, ratio);
    pen.globalAlpha = 1;
    if (!peaks?.perSecond) return;
    const [bar, gap] = [2 * ratio, ratio];
    for (let x = 0; x < width; x += bar + gap) {
      const from = Math.floor((x / width) * this.duration * peaks.perSecond);
      const to = Math.max(from + 1, Math.floor(((x + bar + gap) / width) * this.duration * peaks.perSecond));
      let loudest = 0;
      for (let i = from; i < to && i < peaks.values.length; i++) loudest = Math.max(loudest, peaks.values[i] ?? 0);
      const half = (loudest / 255) * (middle - ratio);
      if (half > ratio) pen.fillRect(x, middle - half, bar, 2 * half);
    }
  }
}
