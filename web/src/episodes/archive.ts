/** The episodes' part of the studio's HTTP interface. */

import { ask } from "../api";

export interface Speaker {
  id: string;
  name: string;
  role: "human" | "ai" | null;
  file?: string;
}

export interface Summary {
  folder: string;
  title: string;
  started_at: string | null;
  duration_s: number | null;
  status: string | null;
  reason: string | null;
  stand_in: boolean;
  speakers: Speaker[];
  bytes: number;
}

export interface Caption {
  start: number;
  end: number;
  name: string;
  text: string;
}

export interface Mark {
  at: number;
  kind: string;
  who: string | null;
  text: string;
}

export interface Response {
  at: number;
  who: string;
  latency_s: number;
}

export interface Details extends Summary {
  files: { name: string; bytes: number }[];
  models: Record<string, unknown>;
  voices: Record<string, unknown>;
  cost_estimate: unknown;
  problems: string[];
  captions: Caption[];
  marks: Mark[];
  responses: Response[];
}

export interface Peaks {
  perSecond: number;
  values: Uint8Array; // square roots of the loudest samples, 255 for full scale
}

const path = (folder: string) => `/api/episodes/${encodeURIComponent(folder)}`;

export async function list(): Promise<Summary[]> {
  return (await ask<{ episodes: Summary[] }>("/api/episodes")).episodes;
}

export function details(folder: string): Promise<Details> {
  return ask<Details>(path(folder));
}

export async function peaks(folder: string, who: string): Promise<Peaks | null> {
  try {
    const response = await fetch(`${path(folder)}/waveforms/${encodeURIComponent(who)}`);
    if (!response.ok) return null;
    const perSecond = Number(response.headers.get("X-Peaks-Per-Second"));
    return { perSecond, values: new Uint8Array(await response.arrayBuffer()) };
  } catch {
    return null; // the lane stays empty; the track can be played all the same
  }
}

export function fileUrl(folder: string, name: string, download = false): string {
  return `${path(folder)}/files/${encodeURIComponent(name)}${download ? "?download" : ""}`;
}

export function bundleUrl(folder: string): string {
  return `${path(folder)}/bundle.zip`;
}
