/** The shared screen: the briefing before the show, captions during it, the countdown while somebody thinks. */

import type { Participant, VideoTrack } from "livekit-client";
import { type Briefing, sentence } from "./api";
import type { Segment } from "./captions";
import { h, setText } from "./dom";
import { Lights } from "./lights";
import { Mandala } from "./mandala";
import type { Detail } from "./pace";

const linesShown = 6;
const fadeAfterMs = 9_000;
const goneAfterMs = 45_000;
const announceEveryMs = 1_500;

export interface Thinking {
  name: string;
  colour: string;
  secondsLeft: number;
  share: number; // of the time, that is left
}

interface Line {
  box: HTMLElement;
  text: HTMLElement;
  changedAt: number;
}

export class Screen {
  readonly element = h("section", { class: "screen", "aria-label": "Shared screen" });
  /** Read by screen readers: whole sentences only, and not more often than they can be read. */
  readonly announcer = h("div", { class: "unseen", "aria-live": "polite", role: "log", "aria-label": "Captions" });
  private readonly lines = new Map<string, Line>();
  private readonly captions = h("div", { class: "captions", "aria-hidden": "true" });
  private readonly before = h("div", { class: "before" });
  private readonly mandala = new Mandala();
  private readonly lights = new Lights();
  private readonly countdown = h("span", { class: "countdown" });
  private readonly thinker = h("p", { class: "thinker" });
  private readonly thinkingBox = h("div", { class: "thinking", hidden: true, role: "timer" });
  private readonly pending: string[] = [];
  private announcing = 0;
  private shared: { track: VideoTrack; element: HTMLVideoElement } | null = null;
  private thinking: Thinking | null = null;

  constructor() {
    this.thinkingBox.append(this.mandala.canvas, h("div", { class: "count" }, this.countdown, this.thinker));
    this.element.append(this.lights.element, this.before, this.captions, this.thinkingBox);
  }

  showBriefing(title: string, briefing: Briefing | null): void {
    this.before.replaceChildren(
      h("p", { class: "eyebrow" }, "Today at the table"),
      h("h2", {}, title),
      briefing ? h("p", { class: "tone" }, `With ${briefing.guest}. ${sentence(briefing.tone)}`) : "",
      briefing?.must_cover.length ? h("ul", {}, ...briefing.must_cover.map((point) => h("li", {}, point))) : "",
      h("p", { class: "tone" }, "Say hello, and the show begins."),
    );
  }

  showCaption(segment: Segment, name: string, colour: string): void {
    this.before.hidden = true;
    let line = this.lines.get(segment.id);
    if (!line) {
      const text = h("span");
      const who = h("b", {}, name);
      const box = h("p", {}, who, " ", text);
      box.style.setProperty("--colour", colour);
      line = { box, text, changedAt: 0 };
      this.lines.set(segment.id, line);
      this.captions.append(box);
    }
    setText(line.text, segment.text);
    line.changedAt = segment.changedAt;
    line.box.classList.toggle("interim", !segment.final);
    line.box.classList.remove("old");
    if (segment.final) this.announce(`${name}: ${segment.text}`);
    while (this.lines.size > linesShown) {
      const [oldest] = this.lines.keys();
      if (oldest === undefined) break;
      this.drop(oldest);
    }
  }

  showThinking(thinking: Thinking | null): void {
    this.thinking = thinking;
    this.thinkingBox.hidden = thinking === null;
    this.element.classList.toggle("is-thinking", thinking !== null);
    if (thinking === null) return;
    setText(this.countdown, String(Math.max(0, Math.ceil(thinking.secondsLeft))));
    setText(this.thinker, `${thinking.name} is thinking`);
  }

  showShared(track: VideoTrack | null, from: Participant | null): void {
    if ((this.shared?.track ?? null) === track) return;
    if (this.shared) {
      this.shared.track.detach(this.shared.element);
      this.shared.element.remove();
      this.shared = null;
    }
    this.element.classList.toggle("has-video", track !== null);
    if (!track) return;
    const label = `${from?.name ?? "Somebody"}'s screen`;
    const element = h("video", { class: "shared", playsinline: true, muted: true, "aria-label": label });
    track.attach(element);
    this.lights.element.after(element);
    this.shared = { track, element };
  }

  /** Old lines fade and go; call now and then. */
  fade(now: number): void {
    for (const [id, line] of this.lines) {
      const age = now - line.changedAt;
      line.box.classList.toggle("old", age > fadeAfterMs);
      if (age > goneAfterMs && this.lines.size > 1) this.drop(id);
    }
  }

  light(colour: string): void {
    this.lights.show(colour);
  }

  draw(seconds: number, detail: Detail): void {
    if (this.thinking) this.mandala.draw(this.thinking.colour, this.thinking.share, seconds, detail);
  }

  private drop(id: string): void {
    this.lines.get(id)?.box.remove();
    this.lines.delete(id);
  }

  private announce(text: string): void {
    this.pending.push(text);
    if (this.announcing) return;
    this.announcing = window.setTimeout(() => {
      this.announcing = 0;
      this.announcer.append(h("p", {}, this.pending.splice(0).join(" ")));
      while (this.announcer.childElementCount > 3) this.announcer.firstElementChild?.remove();
    }, announceEveryMs);
  }
}
