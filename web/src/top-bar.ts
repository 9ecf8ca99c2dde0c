/** The line above the table: title, record state, who stands in, connection. */

import { ConnectionQuality } from "livekit-client";
import { clockText, h, setAttribute, setText } from "./dom";
import type { Episode } from "./episode";
import { icon, logo } from "./icons";

const qualities: Partial<Record<ConnectionQuality, string>> = {
  [ConnectionQuality.Excellent]: "Connection: very good",
  [ConnectionQuality.Good]: "Connection: good",
  [ConnectionQuality.Poor]: "Connection: poor",
  [ConnectionQuality.Lost]: "Connection: lost",
};

export interface TopActions {
  invite: (() => void) | null;
  devices: () => void;
  help: () => void;
}

export class TopBar {
  readonly element = h("header", { class: "top" });
  private readonly title = h("h1");
  private readonly recordText = h("span");
  private readonly record = h(
    "p",
    { class: "record" },
    h("span", { class: "lamp", "aria-hidden": "true" }),
    this.recordText,
  );
  private readonly standIn = h("p", { class: "stand-in", hidden: true }, "A local stand-in speaks for Claude");
  private readonly cost = h("p", { class: "cost", hidden: true, title: "Estimated cost of this show so far" });
  private readonly quality = h(
    "span",
    { class: "quality", role: "img", "aria-label": "Connection: unknown" },
    icon("signal"),
  );

  constructor(actions: TopActions | null) {
    const button = (name: Parameters<typeof icon>[0], label: string, run: () => void) =>
      h("button", { type: "button", class: "bare", title: label, "aria-label": label, onclick: run }, icon(name));
    this.element.append(logo(), this.title, h("div", { class: "states" }, this.record, this.cost, this.standIn));
    if (!actions) return;
    this.element.append(
      h(
        "div",
        { class: "tools" },
        this.quality,
        actions.invite && button("link", "Invite", actions.invite),
        button("settings", "Devices", actions.devices),
        button("help", "Keys and help (?)", actions.help),
      ),
    );
  }

  showTitle(title: string): void {
    setText(this.title, title);
    document.title = `${title} · Roundtable`;
  }

  /** `withCost`: to whoever pays, and nobody else. */
  showEpisode(episode: Episode | null, now: number, withCost: boolean): void {
    this.showCost(withCost ? episode : null);
    this.record.classList.toggle("on", episode?.recording === true);
    this.standIn.hidden = !episode?.standIn;
    if (!episode) setText(this.recordText, "Not recording yet");
    else if (!episode.recording) setText(this.recordText, "Not recording");
    else {
      const size = episode.bytes === null ? "" : ` · ${(episode.bytes / 1e6).toFixed(1)} MB`;
      setText(this.recordText, `Recording ${clockText((now - episode.startedAt) / 1000)}${size}`);
    }
  }

  private showCost(episode: Episode | null): void {
    const usd = episode?.costUsd ?? null;
    this.cost.hidden = usd === null;
    if (!episode || usd === null) return;
    const budget = episode.budgetUsd === null ? "" : ` of $${episode.budgetUsd.toFixed(2)}`;
    setText(this.cost, `About $${usd.toFixed(2)}${budget}`);
  }

  showQuality(quality: ConnectionQuality): void {
    const said = qualities[quality] ?? "Connection: unknown";
    setAttribute(this.quality, "aria-label", said);
    setAttribute(this.quality, "title", said);
    this.quality.dataset.quality = quality;
  }
}
