/** The captions beside the player: they follow it, and lead it when pressed. */

import { clockText, h } from "../dom";
import type { Caption } from "./archive";

const restAfterScrollMs = 4_000;

export class CaptionList {
  readonly element = h("section", { class: "panel words", "aria-label": "Captions" });
  private readonly list = h("ol");
  private readonly buttons: HTMLButtonElement[] = [];
  private current = -1;
  private scrolledAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly captions: Caption[],
    colourOf: (name: string) => string,
    seek: (seconds: number) => void,
  ) {
    let speaker = "";
    for (const caption of captions) {
      const name = caption.name === speaker ? null : h("b", {}, caption.name);
      speaker = caption.name;
      const button = h(
        "button",
        { type: "button", class: "cue", onclick: () => seek(caption.start) },
        h("time", {}, clockText(caption.start)),
        h("span", {}, name, name && " ", caption.text),
      );
      button.style.setProperty("--colour", colourOf(caption.name));
      this.buttons.push(button);
      this.list.append(h("li", {}, button));
    }
    this.element.append(h("h2", {}, "Captions"), captions.length ? this.list : h("p", {}, "Nothing was said."));
    for (const event of ["wheel", "touchmove", "keydown"]) {
      this.list.addEventListener(
        event,
        () => {
          this.scrolledAt = performance.now();
        },
        { passive: true },
      );
    }
  }

  follow(seconds: number): void {
    let now = -1;
    for (const [index, caption] of this.captions.entries()) {
      if (caption.start > seconds + 0.05) break;
      now = index;
    }
    if (now === this.current) return;
    this.buttons[this.current]?.removeAttribute("aria-current");
    this.current = now;
    const button = this.buttons[now];
    button?.setAttribute("aria-current", "true");
    if (button && performance.now() - this.scrolledAt > restAfterScrollMs) {
      this.list.scrollTop = button.offsetTop - this.list.offsetTop - this.list.clientHeight / 3;
    }
  }
}
