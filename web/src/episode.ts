/** What Claude's participant says of the episode: attribute `roundtable.episode`, JSON. */

export interface Episode {
  slug: string;
  title: string;
  recording: boolean;
  startedAt: number; // ms since 1970, the episode clock's 0
  standIn: boolean;
  bytes: number | null;
  costUsd: number | null; // estimated so far; null: nothing that is paid for was used
  budgetUsd: number | null;
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
    bytes: number(about.bytes),
    costUsd: number(about.cost_usd),
    budgetUsd: number(about.budget_usd),
    thinking: parseThinking(about.thinking),
  };
}

function number(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function parseThinking(value: unknown): Episode["thinking"] {
  if (typeof value !== "object" || value === null) return null;
  const { who, until } = value as Record<string, unknown>;
  return typeof who === "string" && typeof until === "number" ? { who, until } : null;
}
