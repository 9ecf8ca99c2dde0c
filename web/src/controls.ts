/** The bar below the table. */

import { type Participant, type Room, RoomEvent } from "livekit-client";
import { type Role, StudioProblem } from "./api";
import { isAi, nameOf, rankOf } from "./cast";
import { type Command, command } from "./commands";
import { confirmed } from "./confirm";
import { h, setAttribute, setText } from "./dom";
import { type IconName, icon } from "./icons";
import { MyDevices } from "./my-devices";
import type { Notices } from "./notices";
import type { Session } from "./session";

const narrow = window.matchMedia("(max-width: 820px)");

class Button {
  readonly element: HTMLButtonElement;
  private readonly text: HTMLElement;
  private shown: IconName;

  constructor(name: IconName, label: string, key: string, run: () => void, kind = "") {
    this.text = h("span", { class: "text" }, label);
    this.shown = name;
    const title = key ? `${label} (${key})` : label;
    const attributes = { type: "button", class: `control ${kind}`.trim(), title, "aria-keyshortcuts": key || null };
    this.element = h("button", { ...attributes, onclick: run }, icon(name), this.text);
  }

  show(name: IconName, label: string): void {
    setText(this.text, label);
    if (name === this.shown) return;
    this.shown = name;
    this.element.firstElementChild?.replaceWith(icon(name));
  }
}

export class Controls {
  readonly element = h("footer", { class: "controls" });
  private readonly room: Room;
  private readonly mine: MyDevices;
  private readonly mute: Button;
  private readonly camera: Button;
  private readonly share: Button;
  private readonly think: Button;
  private readonly asks = h("div", { class: "asks", role: "group", "aria-label": "Ask" });
  private readonly asked = new Map<string, HTMLButtonElement>();
  private order: string[] = []; // identities, as numbered
  private thinkingNow = false;

  constructor(
    private readonly session: Session,
    private readonly notices: Notices,
    private readonly role: Role,
    private readonly open: { help: () => void; transcript: () => void },
  ) {
    this.room = session.room;
    this.mine = new MyDevices(session);
    this.mute = new Button("microphone", "Mute", "M", () => void this.toggleMute(), "mute");
    this.camera = new Button("cameraOff", "Camera", "V", () => void this.toggleCamera());
    this.share = new Button("screen", "Share", "", () => void this.toggleShare());
    this.think = new Button("think", "Think", "T", () => this.toggleThink());
    const stop = new Button("stop", "Stop", "S", () => this.send("stop"));
    const skip = new Button("skip", "Skip", "K", () => this.send("skip"));
    const goOn = new Button("goOn", "Go on", "G", () => this.send("go_on"));
    const chapter = new Button("chapter", "Chapter", "C", () => this.markChapter());
    const transcript = new Button("transcript", "Transcript", "L", () => this.open.transcript());
    const leave = new Button("leave", "Leave", "", () => void this.session.leave());
    const end = new Button("end", "End show", "", () => void this.endShow(), "danger");
    const drawer = h("div", { class: "drawer", popover: "auto", id: "more" });
    const more = new Button("more", "More", "", () => {});
    more.element.setAttribute("popovertarget", "more");
    more.element.classList.add("more");
    const group = (label: string) => h("div", { class: "group", role: "group", "aria-label": label });
    const [me, floor, out] = [group("You"), group("The floor"), group("The show")];
    this.element.append(me, floor, out, more.element, drawer);
    // On a phone the bar keeps what is needed in mid-sentence; the rest moves behind "More".
    const arrange = () => {
      const rest = narrow.matches;
      me.append(this.mute.element);
      (rest ? drawer : me).append(this.camera.element, this.share.element);
      floor.append(this.asks, stop.element);
      (rest ? drawer : floor).append(goOn.element, skip.element, this.think.element);
      if (this.hosts) (rest ? drawer : floor).append(chapter.element);
      (rest ? drawer : out).append(transcript.element, leave.element);
      if (this.hosts) (rest ? drawer : out).append(end.element);
      more.element.hidden = !rest;
    };
    arrange();
    narrow.addEventListener("change", arrange);
    drawer.addEventListener("click", () => drawer.hidePopover());
    const events = [RoomEvent.TrackMuted, RoomEvent.TrackUnmuted, RoomEvent.LocalTrackPublished] as const;
    for (const event of [...events, RoomEvent.LocalTrackUnpublished, RoomEvent.Connected])
      this.room.on(event, () => this.showMine());
    this.showMine();
  }

  /** What only a host may do is not offered to others; the show would refuse it. */
  private get hosts(): boolean {
    return this.role === "host";
  }

  /** One button an AI. `ais` come in the order of their seats, and so do their numbers. */
  showAis(ais: readonly Participant[], colourOf: (participant: Participant) => string): void {
    for (const ai of ais) {
      if (!this.asked.has(ai.identity)) this.asked.set(ai.identity, this.askButton(ai, colourOf(ai)));
    }
    this.order = [
      ...ais.map((ai) => ai.identity),
      ...[...this.asked.keys()].filter((id) => !ais.some((ai) => ai.identity === id)),
    ];
    for (const [index, identity] of this.order.entries()) {
      const ask = this.asked.get(identity);
      if (!ask) continue;
      ask.disabled = index >= ais.length;
      setAttribute(ask, "aria-keyshortcuts", String(index + 1));
      setAttribute(ask, "title", `${ask.textContent} (${index + 1})`);
      if (this.asks.children[index] !== ask) this.asks.insertBefore(ask, this.asks.children[index] ?? null);
    }
  }

  private askButton(ai: Participant, colour: string): HTMLButtonElement {
    const dot = h("span", { class: "dot", "aria-hidden": "true" });
    const text = h("span", { class: "text" }, `Ask ${nameOf(ai)}`);
    const ask = h("button", { type: "button", class: "control ask", onclick: () => this.ask(ai.identity) }, dot, text);
    ask.style.setProperty("--colour", colour);
    return ask;
  }

  showThinking(on: boolean): void {
    this.thinkingNow = on;
    this.think.show("think", on ? "Speak now" : "Think");
    setAttribute(this.think.element, "aria-pressed", String(on));
  }

  ask(identity: string): void {
    this.send("ask", identity);
  }

  askNumber(number: number): void {
    const identity = this.order[number - 1];
    if (identity) this.ask(identity);
  }

  toggleThink(): void {
    this.send(this.thinkingNow ? "end_thinking" : "think");
  }

  markChapter(): void {
    if (this.hosts) this.send("chapter", null, "Chapter marked.");
  }

  send(name: Command, target: string | null = null, said = ""): void {
    command(this.room, name, target).then(
      () => said && this.notices.show("command", { severity: "info", text: said, lasts: 3 }),
      (error: unknown) => this.complain("command", error),
    );
  }

  toggleMute(): Promise<void> {
    return this.attempt("microphone", () => this.mine.setMuted(!this.mine.muted));
  }

  reopenMicrophone(): Promise<void> {
    return this.attempt("microphone", () => this.mine.reopenMicrophone());
  }

  /** Push to talk: the microphone is open while the key is held. */
  talk(held: boolean): Promise<void> {
    return this.attempt("microphone", () => this.mine.talk(held));
  }

  toggleCamera(): Promise<void> {
    return this.attempt("camera", () => this.mine.toggleCamera());
  }

  toggleShare(): Promise<void> {
    return this.attempt("share", () => this.mine.toggleShare());
  }

  help(): void {
    this.open.help();
  }

  transcript(): void {
    this.open.transcript();
  }

  async endShow(): Promise<void> {
    const text = "Everybody leaves the table, the recording is closed, and the episode is kept.";
    if (await confirmed("End the show for everyone?", text, "End show"))
      this.send("end_show", null, "The show is ending.");
  }

  private async attempt(key: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
      this.notices.hide(key);
    } catch (error) {
      this.complain(key, error);
    }
    this.showMine();
  }

  private showMine(): void {
    const me = this.room.localParticipant;
    const { muted } = this.mine;
    this.mute.show(muted ? "muted" : "microphone", muted ? "Unmute" : "Mute");
    this.mute.element.classList.toggle("off", muted);
    this.camera.show(me.isCameraEnabled ? "camera" : "cameraOff", "Camera");
    setAttribute(this.camera.element, "aria-pressed", String(me.isCameraEnabled));
    setAttribute(this.share.element, "aria-pressed", String(me.isScreenShareEnabled));
  }

  private complain(key: string, error: unknown): void {
    if (!(error instanceof StudioProblem)) console.error(error);
    const text =
      error instanceof StudioProblem ? `${error.message} ${error.fix}`.trim() : "That did not work. Try again.";
    this.notices.show(key, { severity: "warning", text, lasts: 8 });
  }
}

/** Every AI at the table, in the order of their seats. */
export function aisOf(room: Room): Participant[] {
  return [...room.remoteParticipants.values()].filter(isAi).sort((a, b) => rankOf(a) - rankOf(b));
}
