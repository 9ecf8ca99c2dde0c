/** One speaker's place at the table: circle, name, state. */

import { type Participant, Track, type VideoTrack } from "livekit-client";
import { isAi, nameOf, type SpeakerState } from "./cast";
import { h, setText } from "./dom";
import { icon } from "./icons";
import { Orb } from "./orb";

const words: Record<SpeakerState, string> = {
  arriving: "on the way",
  away: "away",
  muted: "muted",
  listening: "listening",
  thinking: "thinking",
  speaking: "speaking",
  ducked: "giving way",
};

export class Seat {
  readonly element: HTMLLIElement;
  readonly orb: Orb;
  private readonly disc = h("div", { class: "disc" });
  private readonly initial = h("span", { class: "initial", "aria-hidden": "true" });
  private readonly name = h("span", { class: "name" });
  private readonly doing = h("span", { class: "doing" });
  private video: { track: VideoTrack; element: HTMLVideoElement } | null = null;

  constructor(
    participant: Participant,
    readonly colour: string,
  ) {
    const ai = isAi(participant);
    this.orb = new Orb(colour, ai);
    this.disc.append(this.orb.canvas);
    if (!ai) this.disc.append(this.initial);
    const badge = h("span", { class: "badge", "aria-hidden": "true" }, icon("muted"));
    this.disc.append(badge);
    const label = h("div", { class: "label" }, this.name, this.doing);
    this.element = h(
      "li",
      { class: `seat ${ai ? "ai" : "human"}`, "data-identity": participant.identity },
      this.disc,
      label,
    );
    this.element.style.setProperty("--colour", colour);
  }

  show(participant: Participant, state: SpeakerState): void {
    const name = participant.isLocal ? `${nameOf(participant)} (you)` : nameOf(participant);
    setText(this.name, name);
    setText(this.doing, words[state]);
    setText(this.initial, nameOf(participant).charAt(0).toUpperCase());
    this.orb.state = state;
    this.element.dataset.state = state;
    this.showVideo(participant);
  }

  close(): void {
    if (this.video) this.video.track.detach(this.video.element);
    this.element.remove();
  }

  private showVideo(participant: Participant): void {
    const publication = participant.getTrackPublication(Track.Source.Camera);
    const track = publication && !publication.isMuted ? publication.videoTrack : undefined;
    if (this.video?.track === track) return;
    if (this.video) {
      this.video.track.detach(this.video.element);
      this.video.element.remove();
      this.video = null;
    }
    if (!track) return;
    const element = h("video", {
      class: participant.isLocal ? "mirrored" : "",
      playsinline: true,
      muted: true,
      "aria-hidden": "true",
    });
    track.attach(element);
    this.disc.append(element);
    this.video = { track, element };
  }
}
