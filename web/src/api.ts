/** The studio's own HTTP interface. */

/** From the most that one may do to the least; the studio and the show decide, the page only shows it. */
export type Role = "host" | "guest" | "audience";

export interface Place {
  url: string;
  token: string;
  room: string;
  identity: string;
  role: Role;
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
  role?: Role;
  invitation?: string;
}

/** What a link is good for. A host's without a room is for all shows. */
export interface Invited {
  role: Role;
  room: string | null;
  title: string | null;
  begun: boolean;
}

export interface Invitation {
  id: string;
  role: Role;
  room: string | null;
  name: string;
  expires_at: number; // seconds since 1970
  state: "open" | "expired" | "withdrawn";
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

function send<T>(path: string, body: unknown): Promise<T> {
  const headers = { "Content-Type": "application/json" };
  return ask<T>(path, { method: "POST", headers, body: JSON.stringify(body) });
}

export function join(request: JoinRequest): Promise<Place> {
  return send("/api/join", request);
}

/** What a link is good for. Throws a StudioProblem of status 403 when it opens nothing. */
export function lookAt(invitation: string): Promise<Invited> {
  return send("/api/invitation", { invitation });
}

export function invite(
  role: Role,
  room: string,
  expiresS: number,
): Promise<Invitation & { path: string; link: string }> {
  return send("/api/invitations", { role, room, expires_s: expiresS });
}

export async function invitations(): Promise<Invitation[]> {
  return (await ask<{ invitations: Invitation[] }>("/api/invitations")).invitations;
}

export function withdraw(id: string): Promise<{ sent_out: number }> {
  return ask(`/api/invitations/${encodeURIComponent(id)}`, { method: "DELETE" });
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
