/** What this browser sends to the table: microphone, camera, screen. */

import { type Room, Track } from "livekit-client";
import { openCamera, openMicrophone } from "./devices";
import { preferences, remember } from "./memory";
import type { Session } from "./session";

export class MyDevices {
  private readonly room: Room;
  private talking = false;

  constructor(private readonly session: Session) {
    this.room = session.room;
  }

  get muted(): boolean {
    return !this.room.localParticipant.isMicrophoneEnabled;
  }

  async setMuted(muted: boolean): Promise<void> {
    const { tracks, room } = this.session;
    const published = room.localParticipant.getTrackPublication(Track.Source.Microphone)?.track;
    if (published && tracks.microphone === published) {
      await (muted ? tracks.microphone.mute() : tracks.microphone.unmute());
    } else if (!muted) {
      tracks.microphone = await openMicrophone(preferences().microphone);
      await room.localParticipant.publishTrack(tracks.microphone, { source: Track.Source.Microphone });
    }
  }

  /** After a call or an unplugged device: a new microphone in the place of the one that was taken away. */
  async reopenMicrophone(): Promise<void> {
    const { tracks, room } = this.session;
    const [old, wasMuted] = [tracks.microphone, this.muted];
    tracks.microphone = await openMicrophone(preferences().microphone);
    if (old) await room.localParticipant.unpublishTrack(old, true);
    if (wasMuted && old?.isMuted) await tracks.microphone.mute();
    await room.localParticipant.publishTrack(tracks.microphone, { source: Track.Source.Microphone });
  }

  /** Open while held; nothing when it is open anyway. */
  async talk(held: boolean): Promise<void> {
    if (held === this.talking || (held && !this.muted)) return;
    this.talking = held;
    await this.setMuted(!held);
  }

  async toggleCamera(): Promise<void> {
    const { tracks, room } = this.session;
    const { camera } = tracks;
    if (camera) {
      tracks.camera = null;
      await room.localParticipant.unpublishTrack(camera, true); // rather than muted: the camera's light goes out
    } else {
      tracks.camera = await openCamera(preferences().camera);
      await room.localParticipant.publishTrack(tracks.camera, { source: Track.Source.Camera });
    }
    remember({ cameraOn: !camera });
  }

  async toggleShare(): Promise<void> {
    const me = this.room.localParticipant;
    try {
      await me.setScreenShareEnabled(!me.isScreenShareEnabled, { audio: false });
    } catch (error) {
      if (!(error instanceof Error && error.name === "NotAllowedError")) throw error; // the user thought better of it
    }
  }
}
