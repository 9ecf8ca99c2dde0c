/** What is wrong, or worth knowing, in plain words. Each stays until it is over or put away. */

import { h } from "./dom";
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
  readonly element = h("div", { class: "notices", "aria-live": "polite", role: "status" });
  private readonly shown = new Map<string, { text: string; box: HTMLElement; timer: number }>();
  private readonly putAway = new Map<string, string>(); // key: text; not shown again until it was over

  /** Show a notice, or put it in place of the one with the same key. */
  show(key: string, notice: Notice): void {
    const old = this.shown.get(key);
    if (old?.text === notice.text || this.putAway.get(key) === notice.text) return;
    const box = this.box(key, notice);
    if (old) {
      clearTimeout(old.timer);
      old.box.replaceWith(box);
    } else this.element.append(box);
    const timer = notice.lasts ? window.setTimeout(() => this.hide(key), notice.lasts * 1000) : 0;
    this.shown.set(key, { text: notice.text, box, timer });
    for (const oldest of this.shown.keys()) {
      if (this.shown.size <= mostShown) break;
      this.remove(oldest);
    }
  }

  /** It is over. */
  hide(key: string): void {
    this.putAway.delete(key);
    this.remove(key);
  }

  private box(key: string, { severity, text, action }: Notice): HTMLElement {
    const dismiss = () => {
      this.putAway.set(key, text);
      this.remove(key);
    };
    return h(
      "div",
      { class: `notice ${severity}`, role: severity === "error" ? "alert" : null },
      h("p", {}, text),
      action && h("button", { type: "button", class: "small", onclick: action.run }, action.label),
      h("button", { type: "button", class: "bare", "aria-label": "Dismiss", onclick: dismiss }, icon("close")),
    );
  }

  private remove(key: string): void {
    const shown = this.shown.get(key);
    if (!shown) return;
    clearTimeout(shown.timer);
    shown.box.remove();
    this.shown.delete(key);
  }
}
