/** The table: who sits at it, what they say, and what is happening. */

import { ConnectionQuality, type Participant, type Room, RoomEvent, Track } from "livekit-client";
import type { Briefing, Role } from "./api";
import { Captions, type Segment } from "./captions";
import { Colours, isAi, isSpeaker, nameOf, rankOf, stateOf } from "./cast";
import { showrunner } from "./commands";
import { aisOf, Controls } from "./controls";
import { DeviceSheet } from "./device-sheet";
import { h } from "./dom";
import { type Episode, episodeAttribute, parseEpisode } from "./episode";
import { InviteSheet } from "./invite-sheet";
import { Lights } from "./lights";
import { wakeAudio } from "./meter";
import { Notices, type Severity } from "./notices";
import { Pace } from "./pace";
import { Screen } from "./screen";
import { Seat } from "./seat";
import type { Connection, Session } from "./session";
import { helpSheet, listenToKeys } from "./shortcuts";
import { TopBar } from "./top-bar";
import { Transcript } from "./transcript";
import { Voices } from "./voices";
import { keepAwake } from "./wake-lock";

const summonAfterMs = 6_000;
const summonEveryMs = 15_000;
const lateAfterMs = 15_000;
const deadAfterMs = 15_000;
const unlit = "#3b4a8f";

export class Table {
  readonly element = h("main", { class: "table" });
  private readonly room: Room;
  private readonly colours = new Colours();
  private readonly seats = new Map<string, Seat>();
  private readonly row = h("ul", { class: "seats", "aria-label": "At the table" });
  private readonly absent = h(
    "li",
    { class: "seat ai absent" },
    h("div", { class: "disc" }),
    h("div", { class: "label" }, h("span", { class: "name" }, "Claude"), h("span", { class: "doing" }, "on the way")),
  );
  private readonly lights = new Lights();
  private readonly screen = new Screen();
  private readonly notices = new Notices();
  private readonly transcript = new Transcript((open) => this.element.classList.toggle("with-transcript", open));
  private readonly voices: Voices;
  private readonly controls: Controls;
  private readonly top: TopBar;
  private readonly devices: DeviceSheet;
  private readonly life = new AbortController();
  private title = "";
  private episode: Episode | null = null;
  private speaking = "";
  private thinkingSince = 0; // seconds that were left when it began
  private lastFrame = 0;
  private readonly pace = new Pace();
  private aloneSince = Date.now();
  private summonedAt = 0;

  constructor(
    private readonly session: Session,
    private readonly briefing: Briefing | null,
    private readonly role: Role,
    private readonly stage: boolean,
  ) {
    this.room = session.room;
    this.voices = new Voices(this.room);
    this.devices = new DeviceSheet(this.room);
    const help = helpSheet(role);
    const { devices } = this;
    const showHelp = () => help.showModal();
    const transcript = () => this.transcript.toggle();
    this.controls = new Controls(session, this.notices, role, { help: showHelp, transcript });
    const invite = role === "host" ? () => this.invite() : null;
    this.top = new TopBar(stage ? null : { invite, devices: () => devices.show(), help: showHelp });
    new Captions((segment) => this.caption(segment)).listen(this.room);
    this.listenToNotices();
    this.element.classList.toggle("stage", stage);
    this.element.append(
      this.lights.element,
      this.top.element,
      h("div", { class: "scene" }, this.screen.element, this.row, this.transcript.element),
      this.notices.element,
    );
    if (!stage) this.element.append(this.controls.element);
    this.element.append(this.screen.announcer, this.voices.element, help, devices.dialog);
    this.showTitle(session.place?.title ?? "Roundtable", briefing);
    this.follow();
    if (!stage) listenToKeys(this.controls, this.life.signal);
    this.life.signal.addEventListener("abort", keepAwake());
    this.refresh();
    requestAnimationFrame((now) => this.frame(now));
    const timer = window.setInterval(() => this.twiceASecond(), 500);
    this.life.signal.addEventListener("abort", () => clearInterval(timer));
  }

  close(): void {
    this.life.abort();
    this.element.remove();
  }

  showTitle(title: string, briefing: Briefing | null): void {
    this.title = title;
    this.top.showTitle(title);
    this.screen.showBriefing(title, briefing);
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
      RoomEvent.Disconnected,
    ] as const;
    for (const event of refresh) this.room.on(event, () => this.refresh());
    this.room.on(RoomEvent.AudioPlaybackStatusChanged, () => this.offerSound());
    this.room.on(RoomEvent.ConnectionQualityChanged, (quality, participant) => this.quality(quality, participant));
    this.session.on("connection", (connection) => this.connection(connection));
    this.session.on("problem", (problem) =>
      this.notices.show("problem", { severity: "error", text: `${problem.message} ${problem.fix}` }),
    );
    this.offerSound();
  }

  private get speakers(): Participant[] {
    const others = [...this.room.remoteParticipants.values()].filter(isSpeaker);
    const all = this.stage ? others : [this.room.localParticipant, ...others];
    return all.filter((speaker) => speaker.identity).sort((a, b) => rankOf(a) - rankOf(b));
  }

  private refresh(): void {
    const { speakers } = this;
    for (const [identity, seat] of this.seats) {
      if (speakers.some((speaker) => speaker.identity === identity)) continue;
      seat.close();
      this.seats.delete(identity);
    }
    const now = performance.now();
    const humanSpeaks = this.humanSpeaks(speakers, now);
    let lit: string | null = null;
    for (const [index, speaker] of speakers.entries()) {
      const seat = this.seats.get(speaker.identity) ?? this.seat(speaker, speakers);
      const state = stateOf(speaker, this.voices.speaks(speaker, now), humanSpeaks);
      seat.show(speaker, state);
      if (state === "speaking" && (lit === null || isAi(speaker))) lit = seat.colour;
      if (this.row.children[index] !== seat.element)
        this.row.insertBefore(seat.element, this.row.children[index] ?? null);
    }
    const ais = aisOf(this.room);
    if (ais.length === 0) this.row.append(this.absent);
    else this.absent.remove();
    this.row.style.setProperty("--count", String(this.row.childElementCount));
    const thinker = this.episode?.thinking && this.seats.get(this.episode.thinking.who);
    const light = (thinker || null)?.colour ?? lit ?? unlit;
    this.lights.show(light);
    this.screen.light(light);
    this.controls.showAis(ais, (ai) => this.colours.of(ai, speakers));
    this.showShared(speakers);
    this.readEpisode();
  }

  private humanSpeaks(speakers: readonly Participant[], now: number): boolean {
    return speakers.some((speaker) => !isAi(speaker) && this.voices.speaks(speaker, now));
  }

  private seat(speaker: Participant, speakers: readonly Participant[]): Seat {
    const seat = new Seat(speaker, this.colours.of(speaker, speakers));
    this.seats.set(speaker.identity, seat);
    return seat;
  }

  private readEpisode(): void {
    const runner = this.room.remoteParticipants.get(showrunner(this.room) ?? "");
    this.episode = parseEpisode(runner?.attributes[episodeAttribute]);
    if (this.episode?.title && this.episode.title !== this.title) this.showTitle(this.episode.title, this.briefing);
    this.showTimes();
  }

  private showTimes(): void {
    const { episode } = this;
    const now = this.session.now();
    this.top.showEpisode(episode, now, this.role === "host" && !this.stage);
    const thinking = episode?.thinking ?? null;
    this.element.classList.toggle("thinking-mode", thinking !== null);
    for (const [identity, seat] of this.seats) seat.element.classList.toggle("thinker", thinking?.who === identity);
    this.controls.showThinking(thinking !== null);
    if (!thinking || !episode) {
      this.thinkingSince = 0;
      this.screen.showThinking(null);
      return;
    }
    const secondsLeft = thinking.until - (now - episode.startedAt) / 1000;
    this.thinkingSince ||= Math.max(1, secondsLeft);
    const seat = this.seats.get(thinking.who);
    const thinker = this.room.getParticipantByIdentity(thinking.who);
    const name = thinker ? nameOf(thinker) : thinking.who;
    this.screen.showThinking({
      name,
      colour: seat?.colour ?? unlit,
      secondsLeft,
      share: secondsLeft / this.thinkingSince,
    });
  }

  private twiceASecond(): void {
    this.refresh();
    this.watchMicrophone();
    this.screen.fade(Date.now());
    this.watchForClaude();
  }

  private watchForClaude(): void {
    const now = Date.now();
    if (showrunner(this.room) !== null || this.session.connection !== "connected") {
      this.aloneSince = now;
      this.notices.hide("late");
      return;
    }
    const aloneMs = now - this.aloneSince;
    if (this.role === "host" && aloneMs > summonAfterMs && now - this.summonedAt > summonEveryMs) {
      this.summonedAt = now;
      this.session.summon().catch((error: unknown) => console.warn("Claude could not be called", error));
    }
    if (aloneMs < lateAfterMs) return;
    this.notices.show("late", {
      severity: "warning",
      text: "Claude has not come to the table. The studio's worker may be starting or busy; whoever runs the studio sees why in its window.",
    });
  }

  /** A living microphone is never wholly silent: it hisses. */
  private watchMicrophone(): void {
    const me = this.room.localParticipant;
    const source = this.session.tracks.microphone?.mediaStreamTrack;
    const taken = me.isMicrophoneEnabled && (source?.readyState === "ended" || source?.muted);
    const dead = !taken && this.voices.deadMs(me, performance.now()) > deadAfterMs;
    if (taken) {
      const text = "Your microphone was taken away: by a call, by another program, or it was unplugged.";
      const action = { label: "Turn it on again", run: () => void this.controls.reopenMicrophone() };
      this.notices.show("taken", { severity: "error", text, action });
    } else this.notices.hide("taken");
    if (dead) {
      const text = "Your microphone is open but brings nothing. Look for a mute switch on it, or choose another one.";
      const action = { label: "Devices", run: () => this.devices.show() };
      this.notices.show("dead", { severity: "warning", text, action });
    } else this.notices.hide("dead");
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
    const colour = this.colours.of(speaker, this.speakers);
    this.screen.showCaption(segment, nameOf(speaker), colour);
    this.transcript.add(segment, nameOf(speaker), colour);
  }

  private listenToNotices(): void {
    this.room.registerTextStreamHandler("roundtable.notice", async (reader, { identity }) => {
      const sender = this.room.getParticipantByIdentity(identity);
      if (!sender || !isAi(sender)) return; // guests may send data, too, and do not speak for the studio
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
    this.top.showQuality(quality);
    if (quality === ConnectionQuality.Poor) {
      this.notices.show("quality", {
        severity: "warning",
        text: "Your connection is poor. Others may not hear you well; turning the camera off helps.",
      });
    } else this.notices.hide("quality");
  }

  private connection(connection: Connection): void {
    this.element.dataset.connection = connection;
    if (connection === "reconnecting") {
      this.notices.show("connection", { severity: "warning", text: "The connection is shaky. Reconnecting…" });
    } else if (connection === "rejoining") {
      this.notices.show("connection", {
        severity: "error",
        text: "The connection is lost. You come back to the same seat as soon as the studio can be reached.",
      });
    } else this.notices.hide("connection");
    this.refresh();
  }

  private invite(): void {
    if (!this.session.place) return;
    const sheet = new InviteSheet(this.session.place.room);
    this.element.append(sheet.dialog);
    sheet.show();
  }

  /** All orbs in one frame. */
  private frame(now: number): void {
    if (this.life.signal.aborted) return;
    const ms = this.lastFrame ? Math.max(0, now - this.lastFrame) : 16; // clocks are set, and an error ends the frames
    this.lastFrame = now;
    const { pace, speakers } = this;
    pace.frame(ms);
    this.element.dataset.pace = String(pace.level);
    let speaking = "";
    for (const speaker of speakers) {
      this.seats.get(speaker.identity)?.orb.draw(this.voices.measure(speaker, now), ms / 1000, pace);
      if (this.voices.speaks(speaker, now)) speaking += `${speaker.identity} `;
    }
    if (speaking !== this.speaking) {
      this.speaking = speaking;
      this.refresh();
    }
    this.screen.draw(ms / 1000, pace);
    requestAnimationFrame((next) => this.frame(next));
  }
}
