/** The shared screen: the briefing before the show, captions during it, the countdown while somebody thinks. */

import type { Participant, VideoTrack } from "livekit-client";
import type { Briefing } from "./api";
import type { Segment } from "./captions";
import { h, setText } from "./dom";

const linesShown = 4;
const fadeAfterMs = 12_000;
const announceEveryMs = 1_500;

interface Line {
  box: HTMLElement;
  text: HTMLElement;
}

export class Screen {
  readonly element = h("section", { class: "screen", "aria-label": "Shared screen" });
  /** Read by screen readers: whole sentences only, and not more often than they can be read. */
  readonly announcer = h("div", { class: "unseen", "aria-live": "polite", role: "log" });
  private readonly lines = new Map<string, Line>();
  private readonly captions = h("div", { class: "captions", "aria-hidden": "true" });
  private readonly before = h("div", { class: "before" });
  private readonly thinking = h("div", { class: "thinking", hidden: true });
  private readonly countdown = h("span", { class: "countdown" });
  private readonly thinker = h("p", { class: "thinker" });
  private readonly pending: string[] = [];
  private announcing = 0;
  private shared: { track: VideoTrack; element: HTMLVideoElement } | null = null;

  constructor() {
    this.thinking.append(h("div", { class: "spiral", "aria-hidden": "true" }), this.countdown, this.thinker);
    this.element.append(this.before, this.captions, this.thinking);
  }

  showBriefing(title: string, briefing: Briefing | null): void {
    this.before.replaceChildren(
      h("p", { class: "eyebrow" }, "Today at the table"),
      h("h2", {}, title),
      (briefing && h("p", { class: "tone" }, `With ${briefing.guest}. ${briefing.tone}`)) || "",
      briefing?.must_cover.length ? h("ul", {}, ...briefing.must_cover.map((point) => h("li", {}, point))) : "",
    );
  }

  showCaption(segment: Segment, name: string, colour: string): void {
    this.before.hidden = true;
    let line = this.lines.get(segment.id);
    if (!line) {
      const text = h("span");
      const who = h("b", {}, name);
      who.style.color = colour;
      const box = h("p", {}, who, " ", text);
      line = { box, text };
      this.lines.set(segment.id, line);
      this.captions.append(box);
    }
    setText(line.text, segment.text);
    line.box.classList.toggle("interim", !segment.final);
    line.box.dataset.at = String(segment.changedAt);
    if (segment.final) this.announce(`${name}: ${segment.text}`);
    while (this.lines.size > linesShown) {
      const [oldest] = this.lines.keys();
      if (oldest === undefined) break;
      this.lines.get(oldest)?.box.remove();
      this.lines.delete(oldest);
    }
  }

  showThinking(name: string | null, secondsLeft: number): void {
    this.thinking.hidden = name === null;
    this.element.classList.toggle("is-thinking", name !== null);
    if (name === null) return;
    setText(this.countdown, String(Math.max(0, Math.ceil(secondsLeft))));
    setText(this.thinker, `${name} is thinking`);
  }

  showShared(track: VideoTrack | null, from: Participant | null): void {
    if (this.shared?.track === track) return;
    if (this.shared) {
      this.shared.track.detach(this.shared.element);
      this.shared.element.remove();
      this.shared = null;
    }
    this.element.classList.toggle("has-video", track !== null);
    if (!track) return;
    const element = h("video", {
      class: "shared",
      playsinline: true,
      muted: true,
      "aria-label": `${from?.name ?? "Somebody"}'s screen`,
    });
    track.attach(element);
    this.element.prepend(element);
    this.shared = { track, element };
  }

  /** Old lines fade; call now and then. */
  fade(now: number): void {
    for (const { box } of this.lines.values()) box.classList.toggle("old", now - Number(box.dataset.at) > fadeAfterMs);
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
