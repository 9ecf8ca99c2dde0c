/** One episode: player, captions, files, figures. */

import { clockText, h, setText } from "../dom";
import { icon } from "../icons";
import { claudeColour, guestColour, hostColour, nextColour } from "../palette";
import { bundleUrl, type Details, fileUrl, type Mark, peaks, type Speaker } from "./archive";
import { CaptionList } from "./captions";
import { Lane } from "./lane";
import { Player } from "./player";
import { responsePlot } from "./responses";
import { dateText, sizeText } from "./words";

const rates = [1, 1.25, 1.5, 2];
const stepS = 5;

export function colours(speakers: Speaker[]): Map<string, string> {
  const given = new Map<string, string>();
  for (const { id, role } of speakers) {
    const used = new Set(given.values());
    const first = id === "claude" ? claudeColour : role === "ai" ? guestColour : hostColour;
    given.set(id, used.has(first) ? nextColour(used) : first);
  }
  return given;
}

export class EpisodeView {
  readonly element = h("main", { class: "episode" });
  private readonly player: Player;
  private readonly lanes: Lane[] = [];
  private readonly captions: CaptionList;
  private readonly toggle = h("button", { type: "button", class: "primary play", onclick: () => this.player.toggle() });
  private readonly clock = h("span", { class: "clock" });
  private readonly slider: HTMLInputElement;
  private readonly cursor = h("div", { class: "cursor", "aria-hidden": "true" });
  private readonly problem = h("p", { class: "problem", role: "alert" });
  private readonly duration: number;

  constructor(private readonly episode: Details) {
    const tracks = episode.speakers.filter(({ id }) => this.track(id));
    this.duration = episode.duration_s ?? Math.max(1, ...episode.captions.map((caption) => caption.end));
    const colour = colours(episode.speakers);
    const named = new Map(episode.speakers.map((speaker) => [speaker.name, colour.get(speaker.id) ?? hostColour]));
    this.player = new Player(
      tracks.map(({ id }) => ({ id, url: fileUrl(episode.folder, this.track(id) ?? "") })),
      this.duration,
    );
    this.slider = h("input", {
      type: "range",
      min: 0,
      max: this.duration,
      step: 0.1,
      value: 0,
      "aria-label": "Position",
    });
    this.slider.addEventListener("input", () => this.player.seek(Number(this.slider.value)));
    const seek = (share: number) => this.player.seek(share * this.duration);
    for (const speaker of tracks) {
      const lane = new Lane(speaker, colour.get(speaker.id) ?? hostColour, this.duration, {
        changed: () => this.mix(),
        seek,
      });
      this.lanes.push(lane);
      void peaks(episode.folder, speaker.id).then((found) => lane.show(found));
    }
    this.captions = new CaptionList(
      episode.captions,
      (name) => named.get(name) ?? hostColour,
      (at) => this.player.seek(at),
    );
    this.player.on("playing", () => this.showPlaying());
    this.player.on("problem", (text) => setText(this.problem, text));
    this.element.append(
      this.head(),
      this.problem,
      this.player.element,
      h(
        "div",
        { class: "columns" },
        h("div", { class: "left" }, this.deck(), this.figures(colour)),
        h("div", { class: "right" }, this.captions.element, this.files()),
      ),
    );
    this.showPlaying();
    document.addEventListener("keydown", (event) => this.key(event));
    const frame = () => {
      this.follow();
      requestAnimationFrame(frame);
    };
    frame();
  }

  private track(id: string): string | undefined {
    const names = new Set(this.episode.files.map((file) => file.name));
    return [this.episode.speakers.find((speaker) => speaker.id === id)?.file, `${id}.webm`].find(
      (name) => name && names.has(name),
    );
  }

  private head(): HTMLElement {
    const { episode } = this;
    const facts = [dateText(episode.started_at), clockText(this.duration), sizeText(episode.bytes)];
    const unfinished =
      episode.status === "recording" ? h("p", { class: "tag live" }, "Being recorded, or not sealed yet") : null;
    const salvaged = episode.status === "salvaged" ? h("p", { class: "tag" }, "Salvaged after a crash") : null;
    return h(
      "header",
      { class: "episode-head" },
      h("h1", {}, episode.title),
      h("p", { class: "facts" }, facts.filter(Boolean).join(" · ")),
      h(
        "div",
        { class: "tags" },
        unfinished,
        salvaged,
        episode.stand_in && h("p", { class: "tag" }, "A local stand-in spoke for Claude"),
      ),
    );
  }

  private deck(): HTMLElement {
    const rate = h("select", { "aria-label": "Speed", onchange: () => this.player.setRate(Number(rate.value)) });
    rate.append(...rates.map((value) => h("option", { value }, `${value}×`)));
    const marks = h(
      "div",
      { class: "marks", "aria-hidden": "true" },
      ...this.episode.marks.filter(isShown).map((mark) => this.mark(mark)),
    );
    return h(
      "section",
      { class: "panel deck", "aria-label": "Player" },
      h("div", { class: "transport" }, this.toggle, this.clock, this.slider, rate),
      h(
        "div",
        { class: "lanes-box" },
        marks,
        h("ul", { class: "lanes" }, ...this.lanes.map((lane) => lane.element)),
        h("div", { class: "cursor-box" }, this.cursor),
      ),
      this.chapters(),
    );
  }

  private mark(mark: Mark): HTMLElement {
    const tick = h("span", { class: `mark ${mark.kind === "chapter" ? "chapter" : "cut"}` });
    tick.style.setProperty("left", `${(100 * mark.at) / this.duration}%`);
    return tick;
  }

  private chapters(): HTMLElement | null {
    const marks = this.episode.marks.filter((mark) => mark.kind === "chapter");
    if (!marks.length) return null;
    const items = marks.map((mark, index) =>
      h(
        "li",
        {},
        h(
          "button",
          { type: "button", class: "small", onclick: () => this.player.seek(mark.at) },
          h("time", {}, clockText(mark.at)),
          mark.text || `Chapter ${index + 1}`,
        ),
      ),
    );
    return h("ol", { class: "chapters", "aria-label": "Chapters" }, ...items);
  }

  private figures(colour: Map<string, string>): HTMLElement | null {
    const { responses } = this.episode;
    if (!responses.length) return null;
    return responsePlot(responses, this.duration, (who) => colour.get(who) ?? hostColour);
  }

  private files(): HTMLElement {
    const { episode } = this;
    const rows = episode.files.map((file) =>
      h(
        "li",
        {},
        h("a", { href: fileUrl(episode.folder, file.name, true), download: true }, file.name),
        h("span", {}, sizeText(file.bytes)),
      ),
    );
    const all = h(
      "a",
      { class: "button", href: bundleUrl(episode.folder), download: true },
      icon("download"),
      `Everything, ${sizeText(episode.bytes)}`,
    );
    const cost =
      typeof episode.cost_estimate === "number"
        ? h("p", {}, `Estimated cost: $${episode.cost_estimate.toFixed(2)}`)
        : null;
    return h("section", { class: "panel files" }, h("h2", {}, "Files"), all, h("ul", {}, ...rows), cost);
  }

  private mix(): void {
    const solo = this.lanes.some((lane) => lane.solo);
    for (const lane of this.lanes) {
      const heard = !lane.muted && (!solo || lane.solo);
      this.player.setMuted(lane.speaker.id, !heard);
      lane.setHeard(heard);
    }
  }

  private showPlaying(): void {
    const { playing } = this.player;
    this.toggle.replaceChildren(icon(playing ? "pause" : "play"));
    this.toggle.setAttribute("aria-label", playing ? "Pause" : "Play");
  }

  private follow(): void {
    const { time } = this.player;
    setText(this.clock, `${clockText(time)} / ${clockText(this.duration)}`);
    this.cursor.style.setProperty("left", `${Math.min(100, (100 * time) / this.duration)}%`);
    if (document.activeElement !== this.slider || this.player.playing) this.slider.value = String(time);
    const spoken = `${clockText(time)} of ${clockText(this.duration)}`;
    if (this.slider.getAttribute("aria-valuetext") !== spoken) this.slider.setAttribute("aria-valuetext", spoken);
    this.captions.follow(time);
  }

  private key(event: KeyboardEvent): void {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("input, select, textarea, button, a") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") this.player.toggle();
    else if (event.key === "ArrowLeft") this.player.seek(this.player.time - stepS);
    else if (event.key === "ArrowRight") this.player.seek(this.player.time + stepS);
    else return;
    event.preventDefault();
  }
}

function isShown(mark: Mark): boolean {
  return mark.kind === "chapter" || mark.kind === "playback.interrupted";
}
