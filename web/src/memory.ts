/** What the browser remembers. Private windows may refuse storage; then the page forgets, and works. */

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
  name: string;
  rejoin: string;
  atTable: boolean;
}

const preferencesKey = "roundtable.preferences";
const seatKey = (room: string) => `roundtable.seat.${room}`;

function read<T>(key: string): Partial<T> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? "{}");
    return typeof value === "object" && value !== null ? (value as Partial<T>) : {};
  } catch {
    return {};
  }
}

function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // nothing is remembered, and nothing else is lost
  }
}

export function preferences(): Preferences {
  return { ...defaults, ...read<Preferences>(preferencesKey) };
}

export function remember(change: Partial<Preferences>): void {
  write(preferencesKey, { ...preferences(), ...change });
}

export function seat(room: string): Seat | null {
  const kept = read<Seat>(seatKey(room));
  return kept.rejoin && kept.room && kept.name ? { atTable: false, ...(kept as Omit<Seat, "atTable">) } : null;
}

export function keepSeat(kept: Seat): void {
  write(seatKey(kept.room), kept);
}

/**
 * Whether this tab may use the seat: another tab of the same browser that sits on it must not be thrown off.
 * The lock lasts as long as the page does.
 */
export async function claimSeat(room: string): Promise<boolean> {
  if (!navigator.locks) return true;
  return new Promise((resolve) => {
    navigator.locks
      .request(seatKey(room), { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : new Promise<never>(() => {});
      })
      .catch(() => resolve(true));
  });
}
