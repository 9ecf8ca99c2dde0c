/** Changing microphone, camera and loudspeaker in mid-show. */

import { type Room, Track } from "livekit-client";
import { type Kind, listDevices } from "./devices";
import { h, setText } from "./dom";
import { icon } from "./icons";
import { type Preferences, preferences, remember } from "./memory";

const kinds: [Kind, string, "microphone" | "camera" | "speaker"][] = [
  ["audioinput", "Microphone", "microphone"],
  ["videoinput", "Camera", "camera"],
  ["audiooutput", "Loudspeaker", "speaker"],
];

export class DeviceSheet {
  readonly dialog: HTMLDialogElement;
  private readonly selects = new Map<Kind, HTMLSelectElement>();
  private readonly said = h("p", { class: "hint", role: "status" });

  constructor(private readonly room: Room) {
    const close = h("button", { class: "bare", "aria-label": "Close" }, icon("close"));
    const top = h("form", { method: "dialog", class: "sheet-top" }, h("h2", { id: "devices-title" }, "Devices"), close);
    this.dialog = h("dialog", { class: "sheet", "aria-labelledby": "devices-title" }, top);
    for (const [kind, label, key] of kinds) {
      const select = h("select", { id: `use-${key}`, onchange: () => void this.use(kind, key, select.value) });
      this.selects.set(kind, select);
      this.dialog.append(h("p", { class: "field" }, h("label", { for: select.id }, label), select));
    }
    this.dialog.append(this.said);
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.list());
    window.addEventListener("focus", () => void this.list());
  }

  show(): void {
    setText(this.said, "");
    void this.list();
    this.dialog.showModal();
  }

  /** Show what is really in use: unplugged devices and Bluetooth change it without a word. */
  private async list(): Promise<void> {
    if (!this.dialog.open) return;
    const me = this.room.localParticipant;
    const inUse = (source: Track.Source) =>
      me.getTrackPublication(source)?.track?.mediaStreamTrack.getSettings().deviceId ?? "";
    const chosen: Record<string, string> = {
      audioinput: inUse(Track.Source.Microphone),
      videoinput: inUse(Track.Source.Camera),
      audiooutput: this.room.getActiveDevice("audiooutput") ?? preferences().speaker,
    };
    for (const [kind, select] of this.selects) {
      const devices = await listDevices(kind);
      select.replaceChildren(
        ...devices.map((device, index) =>
          h("option", { value: device.deviceId }, device.label || `Device ${index + 1}`),
        ),
      );
      select.value = chosen[kind] ?? "";
      const field = select.parentElement;
      if (field) field.hidden = devices.length === 0;
    }
  }

  private async use(kind: Kind, key: keyof Preferences, deviceId: string): Promise<void> {
    try {
      await this.room.switchActiveDevice(kind, deviceId);
      remember({ [key]: deviceId });
      setText(this.said, "Changed.");
    } catch (error) {
      console.warn("changing the device failed", error);
      setText(this.said, "That device does not start. Choose another one, or unplug it and plug it in again.");
    }
    await this.list();
  }
}
