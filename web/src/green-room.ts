/** Before the table: who you are, how you sound, and what the show is about. */

import type { LocalAudioTrack, LocalVideoTrack } from "livekit-client";
import {
  type Briefing,
  briefings,
  type Invited,
  type JoinRequest,
  lookAt,
  runningShows,
  type Show,
  StudioProblem,
  sentence,
  studio,
} from "./api";
import { h, setText } from "./dom";
import { logo } from "./icons";
import { preferences, remember } from "./memory";
import { wakeAudio } from "./meter";
import { Mirror } from "./mirror";

export interface Ready {
  request: JoinRequest;
  microphone: LocalAudioTrack | null;
  camera: LocalVideoTrack | null;
  briefing: Briefing | null;
}

/** The link that the page was opened by. */
export interface Link {
  text: string;
  invited: Invited;
}

/** What a join says of it. */
export function requestBy(link: Link | null): Pick<JoinRequest, "role" | "invitation"> {
  return link ? { role: link.invited.role, invitation: link.text } : {};
}

const askAgainMs = 3_000;

export class GreenRoom {
  readonly element = h("main", { class: "green-room" });
  private readonly mirror: Mirror;
  private readonly name = h("input", {
    id: "name",
    name: "name",
    required: true,
    maxlength: 60,
    autocomplete: "given-name",
    placeholder: "How the others call you",
    oninput: () => this.mirror.setName(this.name.value),
  });
  private readonly title = h("input", { id: "title", maxlength: 120 });
  private readonly choices = h("div", { class: "choices", role: "radiogroup", "aria-labelledby": "which" });
  private readonly which = h(
    "fieldset",
    { class: "which", hidden: true },
    h("legend", { id: "which" }, "The show"),
    this.choices,
  );
  private readonly briefing = h("select", { id: "briefing", onchange: () => this.read() });
  private readonly reading = h("div", { class: "reading" });
  private readonly newShow = h("div", { class: "new-show" });
  private readonly consent = h("input", { type: "checkbox", id: "consent", required: true });
  private readonly problem = h("p", { class: "problem", role: "alert" });
  private readonly waiting = h("p", { class: "problem", role: "status" });
  private readonly button = h("button", { type: "submit", class: "primary big" }, "Join the table");
  private shows: Show[] = [];
  private all: Briefing[] = [];
  private readonly room: string | null;
  private joining = false;
  private asking = 0;

  constructor(
    room: string | null,
    private readonly link: Link | null,
    private readonly enter: (ready: Ready) => Promise<void>,
  ) {
    this.room = link?.invited.room ?? room;
    const known = preferences();
    this.mirror = new Mirror(known, (problem) => this.say(problem));
    this.name.value = known.name;
    this.mirror.setName(known.name);
    this.consent.checked = known.consent;
    const field = (id: string, label: string, input: HTMLElement) =>
      h("p", { class: "field" }, h("label", { for: id }, label), input);
    this.newShow.append(
      field("briefing", "Briefing", this.briefing),
      this.reading,
      field("title", "Title", this.title),
    );
    const form = h(
      "form",
      { class: "invitation", onsubmit: (event: Event) => void this.submit(event) },
      h("h1", {}, this.room ? "You are invited to the table" : "Take a seat at the table"),
      link?.invited.title && h("p", { class: "lead" }, link.invited.title),
      h("p", { class: "lead" }, "Talk with Claude and guests, live. Interrupt them as you would anyone."),
      field("name", "Your name", this.name),
      this.which,
      this.newShow,
      h(
        "label",
        { class: "check", for: "consent" },
        this.consent,
        h("span", {}, "I agree to be recorded: my voice on a track of its own, with captions."),
      ),
      this.waiting,
      this.problem,
      this.button,
    );
    const brand = h(
      "header",
      { class: "brand" },
      logo(),
      h("span", {}, "Roundtable"),
      this.hostsAll && h("a", { href: "/episodes" }, "Episodes"),
    );
    this.element.append(brand, h("div", { class: "green-grid" }, this.mirror.element, form));
    this.newShow.hidden = this.room !== null;
    void this.load();
  }

  close(): void {
    clearTimeout(this.asking);
    this.mirror.close();
    this.element.remove();
  }

  /** At the studio's own machine, or by a host's link for all shows. */
  private get hostsAll(): boolean {
    return !this.link || (this.link.invited.role === "host" && this.link.invited.room === null);
  }

  private async load(): Promise<void> {
    const { link, hostsAll } = this;
    if (link) link.invited = await lookAt(link.text).catch(() => link.invited);
    const [about, shows, all] = await Promise.all([
      studio().catch((error: unknown) => ({
        livekit: "",
        reasons: [error instanceof Error ? error.message : "no answer"],
      })),
      this.room ? [] : runningShows().catch((): Show[] => []),
      hostsAll ? briefings().catch((): Briefing[] => []) : [],
    ]);
    if (about.livekit) void this.mirror.checkNetwork(about.livekit);
    const why = about.reasons.join("; ");
    const early = link?.invited.role === "guest" && !link.invited.begun;
    const start = why && `No show can start yet: ${why}. This page keeps trying.`;
    setText(this.waiting, early ? "The show has not begun. Get ready; you can join when its host is there." : start);
    if (why || early) this.asking = window.setTimeout(() => void this.load(), askAgainMs);
    if (JSON.stringify(shows) !== JSON.stringify(this.shows)) this.offer(shows);
    if (JSON.stringify(all) !== JSON.stringify(this.all)) this.offerBriefings(all);
    if (!this.all.length) this.read();
  }

  private offer(shows: Show[]): void {
    this.shows = shows;
    const choice = (value: string, title: string, about: string, checked: boolean) => {
      const radio = h("input", { type: "radio", name: "show", value, checked, onchange: () => this.choose() });
      return h("label", { class: "choice" }, radio, h("span", {}, h("b", {}, title), h("small", {}, about)));
    };
    this.choices.replaceChildren(
      ...shows.map((show, index) =>
        choice(show.room, show.title, `Running now, with ${show.people.join(", ")}`, index === 0),
      ),
      choice("", "Start a new show", "You choose what it is about", false),
    );
    this.which.hidden = shows.length === 0 || this.room !== null;
    this.choose();
  }

  private get chosen(): string {
    if (this.room) return this.room;
    return this.choices.querySelector<HTMLInputElement>("input:checked")?.value ?? "";
  }

  private choose(): void {
    this.newShow.hidden = this.chosen !== "";
  }

  private offerBriefings(all: Briefing[]): void {
    this.all = all;
    this.briefing.replaceChildren(
      ...all.map((briefing) => h("option", { value: briefing.file }, briefing.title)),
      h("option", { value: "" }, "None: talk freely"),
    );
    this.read();
  }

  private get chosenBriefing(): Briefing | null {
    return this.all.find((one) => one.file === this.briefing.value) ?? null;
  }

  private read(): void {
    const chosen = this.chosenBriefing;
    this.title.placeholder = chosen?.title ?? "A new episode";
    this.reading.hidden = chosen === null;
    if (!chosen) return;
    this.reading.replaceChildren(
      h("p", {}, `With ${chosen.guest}. ${sentence(chosen.tone)}`),
      chosen.must_cover.length ? h("ul", {}, ...chosen.must_cover.map((point) => h("li", {}, point))) : "",
      chosen.background ? h("details", {}, h("summary", {}, "Background"), ...paragraphs(chosen.background)) : "",
    );
  }

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    if (this.joining) return;
    wakeAudio();
    const name = this.name.value.trim();
    remember({ name, consent: this.consent.checked });
    const request: JoinRequest = { name, ...requestBy(this.link) };
    const room = this.chosen;
    const briefing = room ? null : this.chosenBriefing;
    const title = this.title.value.trim();
    if (room) request.room = room;
    if (!room && title) request.title = title;
    if (briefing) request.briefing = briefing.file;
    this.busy(true);
    setText(this.problem, "");
    try {
      const { microphone, camera } = await this.mirror.tracks();
      await this.enter({ request, microphone, camera, briefing });
    } catch (error) {
      this.say(error);
      this.busy(false);
    }
  }

  private busy(joining: boolean): void {
    this.joining = joining;
    this.button.setAttribute("aria-disabled", String(joining));
    setText(this.button, joining ? "Joining…" : "Join the table");
  }

  private say(error: unknown): void {
    if (!(error instanceof StudioProblem)) console.error(error);
    const text =
      error instanceof StudioProblem ? `${error.message} ${error.fix}` : "Something went wrong. Reload the page.";
    setText(this.problem, text.trim());
  }
}

/** Markdown's paragraphs, as plain text: a briefing is read, not rendered. */
function paragraphs(text: string): HTMLElement[] {
  return text
    .split(/\n\s*\n/)
    .filter((part) => part.trim())
    .map((part) =>
      h(
        "p",
        {},
        part
          .replace(/^#+\s*/, "")
          .replace(/\s+/g, " ")
          .trim(),
      ),
    );
}
