/** Everything that was said since this page opened, to scroll back in. */

import type { Segment } from "./captions";
import { h, setText } from "./dom";
import { icon } from "./icons";

const kept = 400;

export class Transcript {
  readonly element: HTMLElement;
  private readonly list = h("ol", { tabindex: 0, "aria-label": "What was said" });
  private readonly lines = new Map<string, { box: HTMLElement; text: HTMLElement }>();

  constructor(private readonly toggled: (open: boolean) => void) {
    const close = h(
      "button",
      { type: "button", class: "bare", "aria-label": "Close the transcript", onclick: () => this.toggle() },
      icon("close"),
    );
    this.element = h(
      "aside",
      { class: "transcript", hidden: true, "aria-label": "Transcript" },
      h("header", {}, h("h2", {}, "Transcript"), close),
      this.list,
    );
  }

  toggle(): void {
    this.element.hidden = !this.element.hidden;
    this.toggled(!this.element.hidden);
    if (!this.element.hidden) this.list.scrollTop = this.list.scrollHeight;
  }

  add(segment: Segment, name: string, colour: string): void {
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 40;
    let line = this.lines.get(segment.id);
    if (!line) {
      const text = h("span");
      const time = new Date(segment.startedAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      const box = h("li", {}, h("b", {}, name), h("time", {}, time), text);
      box.style.setProperty("--colour", colour);
      line = { box, text };
      this.lines.set(segment.id, line);
      this.list.append(box);
    }
    setText(line.text, segment.text);
    while (this.lines.size > kept) {
      const [oldest] = this.lines.keys();
      if (oldest === undefined) break;
      this.lines.get(oldest)?.box.remove();
      this.lines.delete(oldest);
    }
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
  }
}
