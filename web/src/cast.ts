/** The speakers at the table: who they are, and in which colour. */

import { type Participant, ParticipantKind, Track } from "livekit-client";
import { claudeColour, guestColour, hostColour, nextColour } from "./palette";

export type SpeakerState = "arriving" | "listening" | "thinking" | "speaking" | "ducked" | "muted" | "away";

export const stateAttribute = "lk.agent.state";
const colourAttribute = "roundtable.colour"; // of an AI, from its persona's file

export function isAi(participant: Participant): boolean {
  return participant.kind === ParticipantKind.AGENT || participant.isAgent;
}

/** Recorders and the like are no speakers, and hidden audiences are none either. */
export function isSpeaker(participant: Participant): boolean {
  const kinds = [ParticipantKind.EGRESS, ParticipantKind.INGRESS];
  return !kinds.includes(participant.kind) && !participant.permissions?.hidden;
}

/** Gives each identity a colour and keeps it. The first human is green, for everyone alike. */
export class Colours {
  private readonly given = new Map<string, string>();

  of(participant: Participant, others: Iterable<Participant>): string {
    const known = this.given.get(participant.identity);
    if (known) return known;
    const colour = this.choose(participant, others);
    this.given.set(participant.identity, colour);
    return colour;
  }

  private choose(participant: Participant, others: Iterable<Participant>): string {
    const own = participant.attributes[colourAttribute];
    if (isAi(participant) && own && /^#[0-9a-f]{6}$/i.test(own)) return own;
    if (participant.identity === "claude") return claudeColour;
    const used = new Set(this.given.values());
    if (isAi(participant)) {
      if (!used.has(guestColour)) return guestColour;
    } else if (!used.has(hostColour) && isFirst(participant, others)) {
      return hostColour;
    }
    return nextColour(used);
  }
}

function isFirst(participant: Participant, others: Iterable<Participant>): boolean {
  const joined = (one: Participant) => one.joinedAt?.getTime() ?? 0;
  for (const other of others) {
    if (other !== participant && isSpeaker(other) && !isAi(other) && joined(other) < joined(participant)) return false;
  }
  return true;
}

/** The order of the seats: people as they came, Claude, the other AIs as they came. */
export function rankOf(participant: Participant): number {
  const joined = participant.joinedAt?.getTime() ?? 0;
  if (!isAi(participant)) return joined;
  return (participant.identity === "claude" ? 1e14 : 2e14) + joined;
}

/** What a speaker is doing. `speaks`: whether its voice is heard now; `humanSpeaks`: whether any human's is. */
export function stateOf(participant: Participant, speaks: boolean, humanSpeaks: boolean): SpeakerState {
  if (isAi(participant)) {
    const state = participant.attributes[stateAttribute];
    if (state === "speaking") return humanSpeaks ? "ducked" : "speaking";
    if (state === "thinking") return "thinking";
    return state === "listening" ? "listening" : "arriving";
  }
  const microphone = participant.getTrackPublication(Track.Source.Microphone);
  if (!microphone || microphone.isMuted) return "muted";
  return speaks ? "speaking" : "listening";
}

export function nameOf(participant: Participant): string {
  return participant.name || participant.identity;
}
