/** The sound of the others: one <audio> element a voice, so that the browser's echo cancellation knows it. */

import { type Participant, type RemoteTrack, type Room, RoomEvent, Track } from "livekit-client";
import { h } from "./dom";
import { audioContext, Meter } from "./meter";

interface Voice {
  track: MediaStreamTrack;
  meter: Meter;
  level: number;
  spokeAt: number;
  soundAt: number;
  measuredAt: number;
}

const speakingLevel = 0.35; // -40 dBFS
const speakingHoldMs = 350; // longer than the pauses between syllables

export class Voices {
  readonly element = h("div", { hidden: true });
  private readonly meters = new Map<string, Voice>(); // by identity

  constructor(private readonly room: Room) {
    room.on(RoomEvent.TrackSubscribed, (track) => this.attach(track));
    room.on(RoomEvent.TrackUnsubscribed, (track) => {
      for (const element of track.detach()) element.remove();
    });
    room.on(RoomEvent.ParticipantDisconnected, (participant) => this.forget(participant.identity));
    room.on(RoomEvent.Disconnected, () => {
      for (const identity of [...this.meters.keys()]) this.forget(identity);
    });
  }

  /** Measure a speaker's voice: its level now, 0 to 1. Once a frame. */
  measure(participant: Participant, now: number): number {
    const voice = this.voice(participant, now);
    if (!voice) return 0;
    if (now - voice.measuredAt > 1000) voice.soundAt = now; // a hidden tab measures nothing
    voice.measuredAt = now;
    voice.level = voice.meter.level();
    if (voice.level > speakingLevel) voice.spokeAt = now;
    if (voice.level > 0) voice.soundAt = now;
    return voice.level;
  }

  speaks(participant: Participant, now: number): boolean {
    const voice = this.meters.get(participant.identity);
    return voice !== undefined && now - voice.spokeAt < speakingHoldMs;
  }

  /** For how long a microphone that should be open has brought nothing at all, in ms. */
  deadMs(participant: Participant, now: number): number {
    const voice = this.meters.get(participant.identity);
    if (!voice || audioContext().state !== "running" || now - voice.measuredAt > 1000) return 0;
    return now - voice.soundAt;
  }

  private voice(participant: Participant, now: number): Voice | undefined {
    const publication = participant.getTrackPublication(Track.Source.Microphone);
    const track = publication?.track?.mediaStreamTrack;
    const known = this.meters.get(participant.identity);
    if (!track || publication?.isMuted) {
      if (known) Object.assign(known, { level: 0, spokeAt: Number.NEGATIVE_INFINITY, soundAt: now });
      return undefined;
    }
    if (known?.track === track) return known;
    known?.meter.close();
    const voice = {
      track,
      meter: new Meter(track),
      level: 0,
      spokeAt: Number.NEGATIVE_INFINITY,
      soundAt: now,
      measuredAt: now,
    };
    this.meters.set(participant.identity, voice);
    return voice;
  }

  private attach(track: RemoteTrack): void {
    if (track.kind !== Track.Kind.Audio) return;
    const element = track.attach();
    this.element.append(element);
  }

  private forget(identity: string): void {
    this.meters.get(identity)?.meter.close();
    this.meters.delete(identity);
  }

  /** Browsers play nothing before a gesture; true when they still refuse. */
  get blocked(): boolean {
    return !this.room.canPlaybackAudio;
  }
}
