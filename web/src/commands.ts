/** The page's buttons as commands to the show: RPC to the agent that runs it. */

import { type Room, RpcError } from "livekit-client";
import { StudioProblem, sentence } from "./api";
import { isAi } from "./cast";
import { episodeAttribute } from "./episode";

export type Command = "stop" | "skip" | "ask" | "go_on" | "think" | "end_thinking" | "end_show" | "chapter";

const method = "roundtable.command";

/** The participant that runs the show. */
export function showrunner(room: Room): string | null {
  for (const participant of room.remoteParticipants.values()) {
    if (isAi(participant) && (participant.attributes[episodeAttribute] || participant.identity === "claude")) {
      return participant.identity;
    }
  }
  return null;
}

export async function command(room: Room, name: Command, target: string | null = null, text?: string): Promise<void> {
  const destinationIdentity = showrunner(room);
  if (destinationIdentity === null) {
    throw new StudioProblem("Claude is not at the table yet.", "Wait a moment and try again.");
  }
  const payload = JSON.stringify(text === undefined ? { command: name, target } : { command: name, target, text });
  try {
    await room.localParticipant.performRpc({ destinationIdentity, method, payload, responseTimeout: 5_000 });
  } catch (error) {
    // 1400 and up are the show's own words, meant for people; the rest is LiveKit's.
    if (error instanceof RpcError && error.code >= 1400 && error.code < 1500) {
      const { message } = error;
      throw new StudioProblem(sentence(message), "");
    }
    throw new StudioProblem("That did not reach the show.", "Try again in a moment.");
  }
}
