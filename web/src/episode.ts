/** What Claude's participant says of the episode: attribute `roundtable.episode`, JSON. */

export interface Episode {
  slug: string;
  title: string;
  recording: boolean;
  startedAt: number; // ms since 1970, the episode clock's 0
  standIn: boolean;
  bytes: number | null;
  thinking: { who: string; until: number } | null; // until: seconds on the episode clock
}

export const episodeAttribute = "roundtable.episode";

export function parseEpisode(text: string | undefined): Episode | null {
  if (!text) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const about = value as Record<string, unknown>;
  const startedAt = Date.parse(String(about.started_at));
  return {
    slug: String(about.slug ?? ""),
    title: String(about.title ?? ""),
    recording: about.recording === true,
    startedAt: Number.isNaN(startedAt) ? Date.now() : startedAt,
    standIn: about.stand_in === true,
    bytes: typeof about.bytes === "number" ? about.bytes : null,
    thinking: parseThinking(about.thinking),
  };
}

function parseThinking(value: unknown): Episode["thinking"] {
  if (typeof value !== "object" || value === null) return null;
  const { who, until } = value as Record<string, unknown>;
  return typeof who === "string" && typeof until === "number" ? { who, until } : null;
}
