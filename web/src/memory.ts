/** What the browser remembers. Private windows may refuse storage; then the page forgets, and works. */

import type { Role } from "./api";

export interface Preferences {
  name: string;
  microphone: string;
  camera: string;
  speaker: string;
  cameraOn: boolean;
  consent: boolean;
  keys: boolean;
}

const defaults: Preferences = {
  name: "",
  microphone: "",
  camera: "",
  speaker: "",
  cameraOn: false,
  consent: false,
  keys: true,
};

/** A place at a table, kept so that a reload comes back to it. */
export interface Seat {
  room: string;
  identity: string;
  name: string;
  rejoin: string;
  role: Role;
  atTable: boolean;
  muted: boolean;
}

const preferencesKey = "roundtable.preferences";
const seatKey = (room: string) => `roundtable.seat.${room}`;

function read<T>(key: string, where: Storage = localStorage): Partial<T> {
  try {
    const value: unknown = JSON.parse(where.getItem(key) ?? "{}");
    return typeof value === "object" && value !== null ? (value as Partial<T>) : {};
  } catch {
    return {};
  }
}

function write(key: string, value: unknown, ...stores: Storage[]): void {
  for (const store of stores) {
    try {
      store.setItem(key, JSON.stringify(value));
    } catch {
      // nothing is remembered, and nothing else is lost
    }
  }
}

export function preferences(): Preferences {
  return { ...defaults, ...read<Preferences>(preferencesKey) };
}

export function remember(change: Partial<Preferences>): void {
  write(preferencesKey, { ...preferences(), ...change }, localStorage);
}

/** This tab's seat in the room, else the last one that this browser had there. */
export function seat(room: string): Seat | null {
  for (const store of [sessionStorage, localStorage]) {
    const kept = read<Seat>(seatKey(room), store);
    const { identity, name, rejoin, role = "host", atTable = false, muted = false } = kept;
    if (identity && name && rejoin) return { room, identity, name, rejoin, role, atTable, muted };
  }
  return null;
}

export function keepSeat(kept: Seat): void {
  write(seatKey(kept.room), kept, sessionStorage, localStorage);
}

/**
 * Whether this tab may use the seat: another tab of the same browser that sits on it must not be thrown off.
 * The lock lasts as long as the page does.
 */
export async function claimSeat({ room, identity }: Pick<Seat, "room" | "identity">): Promise<boolean> {
  if (!navigator.locks) return true;
  const name = `${seatKey(room)}.${identity}`;
  if (held.has(name)) return true;
  return new Promise((resolve) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (lock !== null) held.add(name);
        resolve(lock !== null);
        return lock === null ? undefined : new Promise<never>(() => {});
      })
      .catch(() => resolve(true));
  });
}

const held = new Set<string>();
