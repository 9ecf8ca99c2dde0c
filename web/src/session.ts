/** The connection to the table: joined once, and held until the user leaves or the show ends. */

import {
  DisconnectReason,
  type LocalAudioTrack,
  type LocalVideoTrack,
  type Participant,
  Room,
  RoomEvent,
  Track,
} from "livekit-client";
import { type JoinRequest, join, type Place, StudioProblem } from "./api";
import { openCamera, openMicrophone } from "./devices";
import { Events } from "./events";
import { keepSeat, preferences, seat } from "./memory";

export type Connection =
  | "idle"
  | "connecting"
  | "connected"
  | "reconnecting"
  | "rejoining"
  | "left"
  | "ended"
  | "elsewhere"
  | "removed";

interface SessionEvents {
  connection: Connection;
  problem: StudioProblem;
}

const rejoinDelays = [0.2, 0.5, 1, 2, 3, 5]; // seconds; the last one repeats
const lasting = new Set<Connection>(["left", "ended", "elsewhere", "removed"]);

export class Session extends Events<SessionEvents> {
  readonly room = new Room({
    adaptiveStream: true,
    dynacast: true,
    stopLocalTrackOnUnpublish: false,
    publishDefaults: {
      // A studio's voice: twice the bitrate of a call, sent twice, and with no gaps where the speaker is silent.
      audioPreset: { maxBitrate: 64_000 },
      red: true,
      dtx: false,
      simulcast: true,
    },
  });
  connection: Connection = "idle";
  place: Place | null = null;
  private clockOffsetMs = 0; // of the studio's clock from this machine's
  /** What is published now, and again after a reconnection. */
  tracks: { microphone: LocalAudioTrack | null; camera: LocalVideoTrack | null } = { microphone: null, camera: null };
  private request: JoinRequest | null = null;
  private muted = false;

  constructor() {
    super();
    this.room.on(RoomEvent.Reconnecting, () => this.become("reconnecting"));
    this.room.on(RoomEvent.SignalReconnecting, () => this.become("reconnecting"));
    this.room.on(RoomEvent.Reconnected, () => this.become("connected"));
    this.room.on(RoomEvent.TrackMuted, (_, participant) => this.rememberMute(participant));
    this.room.on(RoomEvent.TrackUnmuted, (_, participant) => this.rememberMute(participant));
    this.room.on(RoomEvent.Disconnected, (reason) => void this.disconnected(reason));
  }

  /** Ask for a place and take it. Throws a StudioProblem when there is none to be had. */
  async enter(
    request: JoinRequest,
    tracks: { microphone: LocalAudioTrack | null; camera: LocalVideoTrack | null },
  ): Promise<void> {
    this.tracks = { microphone: tracks.microphone, camera: tracks.camera };
    this.request = request;
    this.become("connecting");
    try {
      await this.connect();
    } catch (error) {
      this.become("idle");
      throw error;
    }
  }

  /** The user's own leave: the only one that is not undone. */
  async leave(): Promise<void> {
    this.forgetSeat();
    this.become("left");
    await this.room.disconnect();
  }

  /** Take the place back from another tab, or come back after leaving. */
  async comeBack(): Promise<void> {
    this.become("rejoining");
    await this.rejoin();
  }

  /** The studio's time of day, in ms since 1970. */
  now(): number {
    return Date.now() + this.clockOffsetMs;
  }

  private async connect(): Promise<void> {
    if (!this.request) return;
    const askedAt = Date.now();
    const place = await join(this.request);
    this.clockOffsetMs = place.now * 1000 - (askedAt + Date.now()) / 2;
    const { name, role = "host", invitation } = this.request;
    this.place = place;
    this.request = { name, role, room: place.room, rejoin: place.rejoin };
    if (invitation) this.request.invitation = invitation;
    const { room, identity, rejoin } = place;
    // Who was muted comes back muted, also after a reload.
    const kept = seat(room);
    this.muted ||= kept?.identity === identity && kept.atTable && kept.muted;
    if (role !== "audience") keepSeat({ room, identity, name, rejoin, role, atTable: true, muted: this.muted });
    try {
      await this.room.connect(place.url, place.token, { maxRetries: 1, peerConnectionTimeout: 10_000 });
    } catch (error) {
      console.warn("connecting failed", error);
      throw new StudioProblem(
        "The table cannot be reached.",
        "Check your network; some company networks block calls. Then try again.",
      );
    }
    if (lasting.has(this.connection)) {
      await this.room.disconnect(); // left while the connection was being made
      return;
    }
    this.become("connected");
    await this.publish();
  }

  /** Ask once more for the show's agent: a server that has started anew knows neither the room nor its agent. */
  async summon(): Promise<void> {
    if (this.request && this.connection === "connected") await join(this.request);
  }

  private async publish(): Promise<void> {
    const me = this.room.localParticipant;
    const { tracks } = this;
    try {
      if (isDead(tracks.microphone)) tracks.microphone = await openMicrophone(preferences().microphone);
      if (this.muted) await tracks.microphone?.mute();
      if (tracks.microphone) await me.publishTrack(tracks.microphone, { source: Track.Source.Microphone });
      if (isDead(tracks.camera)) tracks.camera = await openCamera(preferences().camera);
      if (tracks.camera) await me.publishTrack(tracks.camera, { source: Track.Source.Camera });
    } catch (error) {
      console.warn("publishing failed", error);
      const text = error instanceof StudioProblem ? error.message : "Your microphone does not reach the table.";
      this.emit("problem", new StudioProblem(text, "Reload the page to come back in."));
    }
  }

  private async disconnected(reason: DisconnectReason | undefined): Promise<void> {
    if (lasting.has(this.connection) || this.connection === "connecting" || this.connection === "rejoining") return;
    switch (reason) {
      case DisconnectReason.DUPLICATE_IDENTITY:
        return this.become("elsewhere");
      case DisconnectReason.ROOM_DELETED:
      case DisconnectReason.ROOM_CLOSED:
        this.forgetSeat();
        return this.become("ended");
      case DisconnectReason.PARTICIPANT_REMOVED:
        return this.sentAway();
      default:
        // Also CLIENT_INITIATED: a tab that the system had frozen is dropped with that reason.
        this.become("rejoining");
        return this.rejoin();
    }
  }

  private async rejoin(): Promise<void> {
    for (let attempt = 0; this.connection === "rejoining"; attempt++) {
      await pause(rejoinDelays[Math.min(attempt, rejoinDelays.length - 1)] ?? 5);
      if (this.connection !== "rejoining") return;
      try {
        await this.connect();
        return;
      } catch (error) {
        console.warn("rejoining failed", error);
        if (error instanceof StudioProblem && error.status === 403) return this.sentAway();
      }
    }
  }

  private rememberMute(participant: Participant): void {
    if (!participant.isLocal || !this.tracks.microphone) return;
    this.muted = this.tracks.microphone.isMuted;
    const kept = this.place && seat(this.place.room);
    if (kept) keepSeat({ ...kept, muted: this.muted });
  }

  /** Removed by the studio, or its invitation was withdrawn. */
  private sentAway(): void {
    this.forgetSeat();
    this.become("removed");
  }

  private forgetSeat(): void {
    const kept = this.place && seat(this.place.room);
    if (kept) keepSeat({ ...kept, atTable: false });
  }

  private become(connection: Connection): void {
    if (this.connection === connection) return;
    this.connection = connection;
    this.emit("connection", connection);
  }
}

/** Leaving stops devices; coming back needs them anew. */
function isDead(track: LocalAudioTrack | LocalVideoTrack | null): boolean {
  return track !== null && track.mediaStreamTrack.readyState === "ended";
}

/** Wait, but no longer than until the browser is online again. */
function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, seconds * 1000);
    window.addEventListener("online", done);
  });
}
