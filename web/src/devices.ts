/** Microphones and cameras: asked for in one place, refused in plain words. */

import {
  createLocalAudioTrack,
  createLocalVideoTrack,
  type LocalAudioTrack,
  type LocalVideoTrack,
} from "livekit-client";
import { StudioProblem } from "./api";

export type Kind = "audioinput" | "videoinput" | "audiooutput";

/** Browsers give devices to secure pages only: https, or localhost. */
export function devicesProblem(): StudioProblem | null {
  if (navigator.mediaDevices) return null;
  return new StudioProblem(
    "This browser gives no microphone to this address, because it is not https.",
    `Open the https link that 'studio up --lan' prints, or http://localhost:${location.port} on the studio's machine.`,
  );
}

export async function openMicrophone(deviceId: string): Promise<LocalAudioTrack> {
  const blocked = devicesProblem();
  if (blocked) throw blocked;
  const wanted = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
  try {
    return await createLocalAudioTrack(deviceId ? { ...wanted, deviceId } : wanted);
  } catch (error) {
    throw explain(error, "microphone");
  }
}

export async function openCamera(deviceId: string): Promise<LocalVideoTrack> {
  const blocked = devicesProblem();
  if (blocked) throw blocked;
  const resolution = { width: 720, height: 720, frameRate: 30, aspectRatio: 1 };
  try {
    return await createLocalVideoTrack(deviceId ? { deviceId, resolution } : { resolution });
  } catch (error) {
    throw explain(error, "camera");
  }
}

/** Devices of a kind; without permission browsers hide the names. */
export async function listDevices(kind: Kind): Promise<MediaDeviceInfo[]> {
  if (!navigator.mediaDevices) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === kind && device.deviceId !== "");
}

/** Whether the browser would give the device without asking. */
export async function isGranted(what: "microphone" | "camera"): Promise<boolean> {
  try {
    return (await navigator.permissions.query({ name: what as PermissionName })).state === "granted";
  } catch {
    return false; // Firefox knows no such permission
  }
}

function explain(error: unknown, what: "microphone" | "camera"): StudioProblem {
  switch (error instanceof Error ? error.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return new StudioProblem(
        `The browser keeps the ${what} from this page.`,
        `Allow it at the lock or ${what} sign in the address bar, then try again.`,
      );
    case "NotFoundError":
    case "OverconstrainedError":
      return new StudioProblem(`No ${what} was found.`, `Plug one in or choose another ${what}, then try again.`);
    case "NotReadableError":
    case "AbortError":
      return new StudioProblem(
        `Another program has the ${what}, or it does not answer.`,
        "Close the other program or unplug and plug it in again, then try again.",
      );
    default:
      return new StudioProblem(`The ${what} could not be started.`, "Choose another one, or reload the page.");
  }
}
