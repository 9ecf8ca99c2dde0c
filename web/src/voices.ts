/** The sound of the others: one <audio> element a voice, so that the browser's echo cancellation knows it. */

import { type Participant, type RemoteTrack, type Room, RoomEvent, Track } from "livekit-client";
import { h } from "./dom";
import { Meter } from "./meter";

export class Voices {
  readonly element = h("div", { hidden: true });
  private readonly meters = new Map<string, { track: MediaStreamTrack; meter: Meter }>(); // by identity

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

  /** The level of a speaker's voice now, 0 to 1. */
  level(participant: Participant): number {
    const publication = participant.getTrackPublication(Track.Source.Microphone);
    const track = publication?.track?.mediaStreamTrack;
    const known = this.meters.get(participant.identity);
    if (!track || publication?.isMuted) return 0;
    if (known?.track === track) return known.meter.level();
    known?.meter.close();
    const meter = new Meter(track);
    this.meters.set(participant.identity, { track, meter });
    return meter.level();
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
