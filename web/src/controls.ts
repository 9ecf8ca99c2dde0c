/** The bar below the table. */

import { type Participant, type Room, RoomEvent, Track } from "livekit-client";
import { StudioProblem } from "./api";
import { isAi, nameOf } from "./cast";
import { type Command, command } from "./commands";
import { openCamera, openMicrophone } from "./devices";
import { h, setAttribute, setText } from "./dom";
import { type IconName, icon } from "./icons";
import { preferences, remember } from "./memory";
import type { Notices } from "./notices";
import type { Session } from "./session";

interface Button {
  element: HTMLButtonElement;
  label: HTMLElement;
}

function button(name: IconName, label: string, key: string, run: () => void, kind = ""): Button {
  const text = h("span", { class: "text" }, label);
  const element = h(
    "button",
    {
      type: "button",
      class: kind,
      title: key ? `${label} (${key})` : label,
      "aria-keyshortcuts": key || null,
      onclick: run,
    },
    icon(name),
    text,
  );
  return { element, label: text };
}

export class Controls {
  readonly element = h("footer", { class: "controls" });
  private readonly room: Room;
  private readonly mute: Button;
  private readonly camera: Button;
  private readonly share: Button;
  private readonly think: Button;
  private readonly asks = h("div", { class: "asks", role: "group", "aria-label": "Ask" });
  private readonly asked = new Map<string, HTMLButtonElement>();
  private thinkingNow = false;
  private talkHeld = false;

  constructor(
    private readonly session: Session,
    private readonly notices: Notices,
    private readonly after: { help: () => void },
  ) {
    this.room = session.room;
    this.mute = button("microphone", "Mute", "M", () => void this.toggleMute(), "primary");
    this.camera = button("camera", "Camera", "V", () => void this.toggleCamera());
    this.share = button("screen", "Share", "", () => void this.toggleShare());
    this.think = button("think", "Think", "T", () => this.toggleThink());
    const stop = button("stop", "Stop", "S", () => this.send("stop"));
    const skip = button("skip", "Skip", "K", () => this.send("skip"));
    const goOn = button("goOn", "Go on", "G", () => this.send("go_on"));
    const chapter = button("chapter", "Chapter", "C", () => this.markChapter());
    const leave = button("leave", "Leave", "", () => void this.leave());
    const end = button("end", "End show", "", () => void this.endShow(), "danger");
    const me = h(
      "div",
      { class: "group", role: "group", "aria-label": "You" },
      this.mute.element,
      this.camera.element,
      this.share.element,
    );
    const floor = h(
      "div",
      { class: "group", role: "group", "aria-label": "The floor" },
      this.asks,
      stop.element,
      skip.element,
      goOn.element,
      this.think.element,
      chapter.element,
    );
    const out = h("div", { class: "group", role: "group", "aria-label": "Leave" }, leave.element, end.element);
    this.element.append(me, floor, out);
    for (const event of [
      RoomEvent.TrackMuted,
      RoomEvent.TrackUnmuted,
      RoomEvent.LocalTrackPublished,
      RoomEvent.LocalTrackUnpublished,
    ]) {
      this.room.on(event, () => this.showMine());
    }
    this.showMine();
  }

  showAis(ais: readonly Participant[], colourOf: (participant: Participant) => string): void {
    for (const ai of ais) {
      if (this.asked.has(ai.identity)) continue;
      const number = this.asked.size + 1;
      const ask = h(
        "button",
        {
          type: "button",
          class: "ask",
          title: `Ask ${nameOf(ai)} (${number})`,
          "aria-keyshortcuts": String(number),
          onclick: () => this.ask(ai.identity),
        },
        h("span", { class: "dot", "aria-hidden": "true" }),
        h("span", { class: "text" }, `Ask ${nameOf(ai)}`),
      );
      ask.style.setProperty("--colour", colourOf(ai));
      this.asked.set(ai.identity, ask);
      this.asks.append(ask);
    }
    for (const [identity, ask] of this.asked) ask.disabled = !ais.some((ai) => ai.identity === identity);
  }

  showThinking(on: boolean): void {
    this.thinkingNow = on;
    setText(this.think.label, on ? "Speak now" : "Think");
    setAttribute(this.think.element, "aria-pressed", String(on));
  }

  ask(identity: string): void {
    this.send("ask", identity);
  }

  askNumber(number: number): void {
    const identity = [...this.asked.keys()][number - 1];
    if (identity) this.ask(identity);
  }

  toggleThink(): void {
    this.send(this.thinkingNow ? "end_thinking" : "think");
  }

  markChapter(): void {
    this.send("chapter", null, "Chapter marked.");
  }

  send(name: Command, target: string | null = null, said = ""): void {
    command(this.room, name, target).then(
      () => said && this.notices.show("command", { severity: "info", text: said, lasts: 3 }),
      (error: unknown) => this.complain("command", error),
    );
  }

  async toggleMute(): Promise<void> {
    await this.setMuted(!this.muted);
  }

  get muted(): boolean {
    return !this.room.localParticipant.isMicrophoneEnabled;
  }

  async setMuted(muted: boolean): Promise<void> {
    const me = this.room.localParticipant;
    const track = me.getTrackPublication(Track.Source.Microphone)?.audioTrack;
    try {
      if (!track && !muted) {
        const opened = await openMicrophone(preferences().microphone);
        await me.publishTrack(opened, { source: Track.Source.Microphone });
      } else if (muted) await track?.mute();
      else await track?.unmute();
      this.notices.hide("microphone");
    } catch (error) {
      this.complain("microphone", error);
    }
    this.showMine();
  }

  /** Push to talk: the microphone is open while the key is held. */
  async talk(held: boolean): Promise<void> {
    if (held === this.talkHeld) return;
    if (held && !this.muted) return; // it is open anyway
    this.talkHeld = held;
    await this.setMuted(!held);
  }

  async toggleCamera(): Promise<void> {
    const me = this.room.localParticipant;
    const publication = me.getTrackPublication(Track.Source.Camera);
    try {
      if (publication?.videoTrack) {
        await me.unpublishTrack(publication.videoTrack as Parameters<typeof me.unpublishTrack>[0], true);
      } else {
        await me.publishTrack(await openCamera(preferences().camera), { source: Track.Source.Camera });
      }
      remember({ cameraOn: me.isCameraEnabled });
      this.notices.hide("camera");
    } catch (error) {
      this.complain("camera", error);
    }
    this.showMine();
  }

  async toggleShare(): Promise<void> {
    const me = this.room.localParticipant;
    try {
      await me.setScreenShareEnabled(!me.isScreenShareEnabled, { audio: false });
    } catch (error) {
      if (error instanceof Error && error.name === "NotAllowedError") return; // the user thought better of it
      this.complain("share", error);
    }
    this.showMine();
  }

  async leave(): Promise<void> {
    await this.session.leave();
  }

  async endShow(): Promise<void> {
    const sure = await confirmDialog(
      "End the show for everyone?",
      "The recording is closed and the episode is kept.",
      "End show",
    );
    if (sure) this.send("end_show", null, "The show is ending.");
  }

  help(): void {
    this.after.help();
  }

  private showMine(): void {
    const me = this.room.localParticipant;
    const muted = this.muted;
    setText(this.mute.label, muted ? "Unmute" : "Mute");
    this.mute.element.replaceChildren(icon(muted ? "muted" : "microphone"), this.mute.label);
    this.mute.element.classList.toggle("off", muted);
    this.camera.element.replaceChildren(icon(me.isCameraEnabled ? "camera" : "cameraOff"), this.camera.label);
    setAttribute(this.camera.element, "aria-pressed", String(me.isCameraEnabled));
    setAttribute(this.share.element, "aria-pressed", String(me.isScreenShareEnabled));
  }

  private complain(key: string, error: unknown): void {
    const text =
      error instanceof StudioProblem ? `${error.message} ${error.fix}`.trim() : "That did not work. Try again.";
    if (!(error instanceof StudioProblem)) console.error(error);
    this.notices.show(key, { severity: "warning", text, lasts: 8 });
  }
}

/** Every AI at the table, in the order of their seats. */
export function aisOf(room: Room): Participant[] {
  return [...room.remoteParticipants.values()].filter(isAi);
}

function confirmDialog(question: string, consequence: string, yes: string): Promise<boolean> {
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { class: "sheet", "aria-labelledby": "question" },
      h("h2", { id: "question" }, question),
      h("p", {}, consequence),
      h(
        "form",
        { method: "dialog", class: "choices" },
        h("button", { value: "no" }, "Cancel"),
        h("button", { value: "yes", class: "danger" }, yes),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
