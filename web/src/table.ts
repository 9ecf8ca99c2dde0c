/** The table: who sits at it, what they say, and what is happening. */

import { ConnectionQuality, type Participant, type Room, RoomEvent, Track } from "livekit-client";
import type { Briefing } from "./api";
import { Captions, type Segment } from "./captions";
import { Colours, isAi, isSpeaker, nameOf, stateOf } from "./cast";
import { showrunner } from "./commands";
import { aisOf, Controls } from "./controls";
import { clockText, h, setText } from "./dom";
import { type Episode, episodeAttribute, parseEpisode } from "./episode";
import { icon } from "./icons";
import { wakeAudio } from "./meter";
import { Notices, type Severity } from "./notices";
import { Screen } from "./screen";
import { Seat } from "./seat";
import type { Connection, Session } from "./session";
import { helpSheet, listenToKeys } from "./shortcuts";
import { Voices } from "./voices";
import { keepAwake } from "./wake-lock";

const lateAfterMs = 15_000;
const spokeRecentlyMs = 300;

export class Table {
  readonly element = h("main", { class: "table" });
  private readonly room: Room;
  private readonly colours = new Colours();
  private readonly seats = new Map<string, Seat>();
  private readonly row = h("ul", { class: "seats", "aria-label": "At the table" });
  private readonly title = h("h1");
  private readonly record = h("p", { class: "record" });
  private readonly stand = h("p", { class: "stand-in", hidden: true }, "A local stand-in speaks for Claude");
  private readonly screen = new Screen();
  private readonly notices = new Notices();
  private readonly voices: Voices;
  private readonly controls: Controls;
  private readonly help = helpSheet();
  private episode: Episode | null = null;
  private humanSpokeAt = 0;
  private lastFrame = 0;
  private frameMs = 16;
  private readonly openedAt = Date.now();

  constructor(
    private readonly session: Session,
    briefing: Briefing | null,
    private readonly stage: boolean,
  ) {
    this.room = session.room;
    this.voices = new Voices(this.room);
    this.controls = new Controls(session, this.notices, { help: () => this.help.showModal() });
    const captions = new Captions((segment) => this.caption(segment));
    captions.listen(this.room);
    this.listenToNotices();
    setText(this.title, session.place?.title ?? "Roundtable");
    this.screen.showBriefing(session.place?.title ?? "Roundtable", briefing);
    const top = h(
      "header",
      { class: "top" },
      this.title,
      this.record,
      this.stand,
      h("span", { class: "push" }),
      !stage && this.copyLink(),
      !stage &&
        h(
          "button",
          {
            type: "button",
            class: "bare",
            title: "Keys (?)",
            "aria-label": "Keys and help",
            onclick: () => this.help.showModal(),
          },
          icon("help"),
        ),
    );
    this.element.classList.toggle("stage", stage);
    this.element.append(top, h("div", { class: "scene" }, this.screen.element, this.row), this.notices.element);
    if (!stage) this.element.append(this.controls.element);
    this.element.append(this.screen.announcer, this.voices.element, this.help);
    this.follow();
    if (!stage) listenToKeys(this.controls);
    keepAwake();
    this.refresh();
    requestAnimationFrame((now) => this.frame(now));
    window.setInterval(() => this.everySecond(), 500);
  }

  private follow(): void {
    const refresh = [
      RoomEvent.Connected,
      RoomEvent.ParticipantConnected,
      RoomEvent.ParticipantDisconnected,
      RoomEvent.ParticipantAttributesChanged,
      RoomEvent.ParticipantNameChanged,
      RoomEvent.TrackSubscribed,
      RoomEvent.TrackUnsubscribed,
      RoomEvent.TrackMuted,
      RoomEvent.TrackUnmuted,
      RoomEvent.LocalTrackPublished,
      RoomEvent.LocalTrackUnpublished,
      RoomEvent.ActiveSpeakersChanged,
      RoomEvent.Disconnected,
    ] as const;
    for (const event of refresh) this.room.on(event, () => this.refresh());
    this.room.on(RoomEvent.AudioPlaybackStatusChanged, () => this.offerSound());
    this.room.on(RoomEvent.ConnectionQualityChanged, (quality, participant) => this.quality(quality, participant));
    this.room.on(RoomEvent.LocalAudioSilenceDetected, () =>
      this.notices.show("microphone", {
        severity: "warning",
        text: "Your microphone is open but silent. Check that it is not muted by a switch, or choose another one.",
      }),
    );
    this.session.on("connection", (connection) => this.connection(connection));
    this.session.on("problem", (problem) =>
      this.notices.show("problem", { severity: "error", text: `${problem.message} ${problem.fix}` }),
    );
    this.offerSound();
  }

  private get speakers(): Participant[] {
    const others = [...this.room.remoteParticipants.values()].filter(isSpeaker);
    return this.stage ? others : [this.room.localParticipant, ...others];
  }

  private refresh(): void {
    const speakers = this.speakers;
    for (const [identity, seat] of this.seats) {
      if (speakers.some((speaker) => speaker.identity === identity)) continue;
      seat.close();
      this.seats.delete(identity);
    }
    const now = performance.now();
    if (speakers.some((speaker) => !isAi(speaker) && speaker.isSpeaking)) this.humanSpokeAt = now;
    const humanSpeaks = now - this.humanSpokeAt < spokeRecentlyMs;
    for (const speaker of speakers) {
      if (!speaker.identity) continue;
      let seat = this.seats.get(speaker.identity);
      if (!seat) {
        seat = new Seat(speaker, this.colours.of(speaker, speakers));
        this.seats.set(speaker.identity, seat);
        this.row.append(seat.element);
      }
      seat.show(speaker, stateOf(speaker, humanSpeaks));
    }
    this.row.style.setProperty("--count", String(this.seats.size));
    const ais = aisOf(this.room);
    this.controls.showAis(ais, (ai) => this.colours.of(ai, speakers));
    this.showShared(speakers);
    this.readEpisode();
  }

  private readEpisode(): void {
    const runner = this.room.remoteParticipants.get(showrunner(this.room) ?? "");
    this.episode = parseEpisode(runner?.attributes[episodeAttribute]);
    this.stand.hidden = !this.episode?.standIn;
    if (this.episode?.title) setText(this.title, this.episode.title);
    this.showTimes();
  }

  private showTimes(): void {
    const { episode } = this;
    const now = Date.now();
    this.record.classList.toggle("on", episode?.recording === true);
    if (!episode) setText(this.record, "Not recording");
    else if (!episode.recording) setText(this.record, "Recording is off");
    else {
      const size = episode.bytes === null ? "" : ` · ${(episode.bytes / 1e6).toFixed(1)} MB`;
      setText(this.record, `Recording ${clockText((now - episode.startedAt) / 1000)}${size}`);
    }
    const thinking = episode?.thinking ?? null;
    const left = thinking ? thinking.until - (now - (episode?.startedAt ?? now)) / 1000 : 0;
    const thinker = thinking && (this.room.getParticipantByIdentity(thinking.who) ?? null);
    this.screen.showThinking(thinking ? (thinker ? nameOf(thinker) : thinking.who) : null, left);
    this.element.classList.toggle("thinking-mode", thinking !== null);
    for (const [identity, seat] of this.seats) seat.element.classList.toggle("thinker", thinking?.who === identity);
    this.controls.showThinking(thinking !== null);
  }

  private everySecond(): void {
    this.showTimes();
    this.screen.fade(Date.now());
    const alone = showrunner(this.room) === null && this.session.connection === "connected";
    if (alone && Date.now() - this.openedAt > lateAfterMs) {
      this.notices.show("late", {
        severity: "warning",
        text: "Claude has not come to the table. The studio's worker may be starting or busy; whoever runs the studio can see why in its window.",
      });
    } else this.notices.hide("late");
  }

  private showShared(speakers: readonly Participant[]): void {
    for (const speaker of speakers) {
      const track = speaker.getTrackPublication(Track.Source.ScreenShare)?.videoTrack;
      if (track) {
        this.screen.showShared(track, speaker);
        return;
      }
    }
    this.screen.showShared(null, null);
  }

  private caption(segment: Segment): void {
    const speaker = this.room.getParticipantByIdentity(segment.identity);
    if (!speaker) return;
    this.screen.showCaption(segment, nameOf(speaker), this.colours.of(speaker, this.speakers));
  }

  private listenToNotices(): void {
    this.room.registerTextStreamHandler("roundtable.notice", async (reader) => {
      try {
        const said = JSON.parse(await reader.readAll()) as { severity?: string; text?: string; service?: string };
        if (!said.text) return;
        const severity: Severity = said.severity === "error" || said.severity === "warning" ? said.severity : "info";
        const lasts = severity === "error" ? {} : { lasts: severity === "warning" ? 20 : 8 };
        this.notices.show(`notice:${said.service ?? said.text}`, { severity, text: said.text, ...lasts });
      } catch (error) {
        console.warn("a notice could not be read", error);
      }
    });
  }

  private offerSound(): void {
    if (!this.voices.blocked) {
      this.notices.hide("sound");
      return;
    }
    const run = () => {
      wakeAudio();
      void this.room.startAudio();
    };
    const text = "The browser keeps the sound off until you ask for it.";
    this.notices.show("sound", { severity: "warning", text, action: { label: "Turn on the sound", run } });
  }

  private quality(quality: ConnectionQuality, participant: Participant): void {
    if (!participant.isLocal) return;
    if (quality === ConnectionQuality.Poor) {
      this.notices.show("quality", {
        severity: "warning",
        text: "Your connection is poor. Others may not hear you well; turning the camera off helps.",
      });
    } else this.notices.hide("quality");
  }

  private connection(connection: Connection): void {
    const again = { label: "Come back in", run: () => void this.session.comeBack() };
    this.element.dataset.connection = connection;
    const texts: Partial<Record<Connection, { severity: Severity; text: string; action?: typeof again }>> = {
      reconnecting: { severity: "warning", text: "The connection is shaky. Reconnecting…" },
      rejoining: {
        severity: "error",
        text: "The connection is lost. Coming back to the same seat as soon as it can be…",
      },
      elsewhere: {
        severity: "warning",
        text: "You sit at this table in another tab or on another device.",
        action: again,
      },
      removed: { severity: "warning", text: "You were asked to leave the table.", action: again },
      ended: { severity: "info", text: "The show is over. The episode is kept under Episodes." },
      left: { severity: "info", text: "You have left the table.", action: again },
    };
    const notice = texts[connection];
    if (notice) this.notices.show("connection", notice);
    else this.notices.hide("connection");
    this.refresh();
  }

  private copyLink(): HTMLElement {
    const copy = async () => {
      const link = `${location.origin}/?room=${encodeURIComponent(this.session.place?.room ?? "")}`;
      try {
        await navigator.clipboard.writeText(link);
        this.notices.show("link", { severity: "info", text: "The link to this table is copied.", lasts: 4 });
      } catch {
        this.notices.show("link", { severity: "info", text: `The link to this table: ${link}` });
      }
    };
    return h(
      "button",
      {
        type: "button",
        class: "bare",
        title: "Copy the link to this table",
        "aria-label": "Copy the link to this table",
        onclick: () => void copy(),
      },
      icon("link"),
    );
  }

  /** All orbs in one frame. When frames are late, they are drawn with fewer pixels rather than fewer times. */
  private frame(now: number): void {
    const ms = this.lastFrame ? now - this.lastFrame : 16;
    this.lastFrame = now;
    if (ms < 250) this.frameMs += (ms - this.frameMs) * 0.05;
    const ratio = Math.min(window.devicePixelRatio, this.frameMs > 24 ? 1 : 2);
    for (const speaker of this.speakers) {
      const seat = this.seats.get(speaker.identity);
      seat?.orb.draw(this.voices.level(speaker), ms / 1000, ratio);
    }
    requestAnimationFrame((next) => this.frame(next));
  }
}
