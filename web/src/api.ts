/** The studio's own HTTP interface. */

export interface Place {
  url: string;
  token: string;
  room: string;
  identity: string;
  title: string;
  rejoin: string;
  now: number; // the studio's clock, seconds since 1970
}

export interface JoinRequest {
  name: string;
  room?: string;
  title?: string;
  briefing?: string;
  rejoin?: string;
  role?: "host" | "audience";
}

export interface Show {
  room: string;
  title: string;
  people: string[];
  started_at: number;
}

export interface Briefing {
  file: string;
  title: string;
  guest: string;
  tone: string;
  must_cover: string[];
  background: string;
}

/** What went wrong, and what to do about it. */
export class StudioProblem extends Error {
  constructor(
    message: string,
    readonly fix: string,
    readonly status = 0,
  ) {
    super(message);
  }
}

/** A JSON answer. Throws a StudioProblem with what to do. */
export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, signal: AbortSignal.timeout(10_000) });
  } catch {
    throw new StudioProblem("The studio does not answer.", "Check that it is running and that you are online.");
  }
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) {
    const { error, fix } = (body ?? {}) as { error?: string; fix?: string };
    const said = error ?? `The studio answered ${response.status}.`;
    throw new StudioProblem(sentence(said), sentence(fix ?? "Try again in a moment."), response.status);
  }
  return body as T;
}

export function join(request: JoinRequest): Promise<Place> {
  return ask<Place>("/api/join", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(request),
  });
}

export async function runningShows(): Promise<Show[]> {
  return (await ask<{ shows: Show[] }>("/api/shows")).shows;
}

export async function briefings(): Promise<Briefing[]> {
  return (await ask<{ briefings: Briefing[] }>("/api/briefings")).briefings;
}

/** Where LiveKit is, and why no show could start now. */
export function studio(): Promise<{ livekit: string; reasons: string[] }> {
  return ask("/api/studio");
}

export function sentence(text: string): string {
  const trimmed = text.trim();
  const capital = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
