/** Live captions: `lk.transcription` text streams into segments, segments into lines. */

import type { Room, TextStreamHandler } from "livekit-client";

const topic = "lk.transcription";
const kept = 400; // segments; about an hour's last quarter

export interface Segment {
  id: string;
  identity: string;
  text: string;
  final: boolean;
  startedAt: number; // ms since 1970
  changedAt: number;
}

/**
 * Each stream holds the whole text of its segment so far; LiveKit's own agents send one stream that grows, ours a new one
 * for each change. Streams may overtake each other, so an older one never replaces a newer.
 */
export class Captions {
  readonly segments = new Map<string, Segment & { streamAt: number }>();

  constructor(private readonly changed: (segment: Segment) => void) {}

  listen(room: Room): void {
    const handler: TextStreamHandler = async (reader, { identity }) => {
      const { attributes = {}, timestamp, id: streamId } = reader.info;
      const id = `${identity}/${attributes["lk.segment_id"] ?? streamId}`;
      let text = "";
      try {
        for await (const chunk of reader) {
          text += chunk;
          this.update(id, identity, text, timestamp, false);
        }
      } catch {
        return; // the sender left in mid-sentence; what came stays
      }
      this.update(id, identity, text, timestamp, attributes["lk.transcription_final"] === "true");
    };
    room.registerTextStreamHandler(topic, handler);
  }

  private update(id: string, identity: string, text: string, streamAt: number, final: boolean): void {
    const known = this.segments.get(id);
    const now = Date.now();
    if (known && (streamAt < known.streamAt || (known.final && !final))) return;
    if (!known && !text.trim()) return;
    const segment = known ?? { id, identity, text, final, startedAt: now, changedAt: now, streamAt };
    Object.assign(segment, { text: text.trim(), final, changedAt: now, streamAt });
    this.segments.set(id, segment);
    if (this.segments.size > kept) {
      const oldest = this.segments.keys().next().value;
      if (oldest !== undefined) this.segments.delete(oldest);
    }
    this.changed(segment);
  }
}
