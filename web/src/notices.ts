/** What is wrong, or worth knowing, in plain words. Each stays until it is over or put away. */

import { h, setText } from "./dom";
import { icon } from "./icons";

export type Severity = "info" | "warning" | "error";

export interface Notice {
  severity: Severity;
  text: string;
  action?: { label: string; run: () => void };
  /** Seconds after which it goes by itself. */
  lasts?: number;
}

const mostShown = 4;

export class Notices {
  readonly element = h("div", { class: "notices" });
  private readonly shown = new Map<string, { box: HTMLElement; timer: number }>();

  /** Show a notice, or put it in place of the one with the same key. */
  show(key: string, notice: Notice): void {
    const old = this.shown.get(key);
    const text = h("p", {}, notice.text);
    const box = h(
      "div",
      { class: `notice ${notice.severity}`, role: notice.severity === "error" ? "alert" : "status" },
      text,
      notice.action && h("button", { type: "button", class: "small", onclick: notice.action.run }, notice.action.label),
      h(
        "button",
        { type: "button", class: "bare", "aria-label": "Dismiss", onclick: () => this.hide(key) },
        icon("close"),
      ),
    );
    if (old) {
      clearTimeout(old.timer);
      if (old.box.className === box.className && !notice.action && !old.box.querySelector(".small")) {
        const paragraph = old.box.querySelector("p");
        if (paragraph) setText(paragraph, notice.text);
        this.shown.set(key, { box: old.box, timer: this.timer(key, notice) });
        return;
      }
      old.box.replaceWith(box);
    } else {
      this.element.append(box);
    }
    this.shown.set(key, { box, timer: this.timer(key, notice) });
    for (const oldest of this.shown.keys()) {
      if (this.shown.size <= mostShown) break;
      this.hide(oldest);
    }
  }

  hide(key: string): void {
    const shown = this.shown.get(key);
    if (!shown) return;
    clearTimeout(shown.timer);
    shown.box.remove();
    this.shown.delete(key);
  }

  private timer(key: string, notice: Notice): number {
    return notice.lasts ? window.setTimeout(() => this.hide(key), notice.lasts * 1000) : 0;
  }
}
