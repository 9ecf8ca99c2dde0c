/** How the others will see and hear you: picture, level, devices, a test. */

import type { LocalAudioTrack, LocalVideoTrack } from "livekit-client";
import { devicesProblem, isGranted, listDevices, openCamera, openMicrophone } from "./devices";
import { h, setAttribute, setText } from "./dom";
import { icon } from "./icons";
import { type Preferences, remember } from "./memory";
import { audioContext, Meter, wakeAudio } from "./meter";
import { Orb } from "./orb";
import { Pace } from "./pace";
import { SoundCheck, testSeconds } from "./sound-check";

const hostColour = "#10b981";
const silentAfterMs = 6_000;

export class Mirror {
  readonly element = h("section", { class: "mirror", "aria-label": "You" });
  private readonly orb = new Orb(hostColour, false);
  private readonly pace = new Pace();
  private readonly initial = h("span", { class: "initial", "aria-hidden": "true" });
  private readonly disc = h("div", { class: "disc" });
  private readonly microphones = h("select", { id: "microphone", onchange: () => void this.openMicrophone() });
  private readonly cameras = h("select", { id: "camera", onchange: () => void this.switchCamera() });
  private readonly bar = h("div", {
    class: "level",
    role: "meter",
    "aria-label": "Level of your microphone",
    "aria-valuemin": 0,
    "aria-valuemax": 100,
    "aria-valuenow": 0,
  });
  private readonly hint = h("p", { class: "hint", role: "status" });
  private readonly network = h("p", { class: "network" });
  private readonly test = h("button", { type: "button", onclick: () => void this.runTest() });
  private readonly allow = h(
    "button",
    { type: "button", class: "allow", onclick: () => void this.openMicrophone() },
    icon("microphone"),
    "Turn on the microphone",
  );
  private microphone: LocalAudioTrack | null = null;
  private camera: LocalVideoTrack | null = null;
  private meter: Meter | null = null;
  private open = true;
  private testing = false;
  private heardAt = 0;
  private lastFrame = 0;
  private lastTold = 0;

  constructor(
    private readonly known: Preferences,
    private readonly complain: (problem: unknown) => void,
  ) {
    this.disc.append(this.orb.canvas, this.initial);
    this.disc.style.setProperty("--colour", hostColour);
    this.orb.state = "muted";
    this.test.append(icon("record"), `Record ${testSeconds} seconds and listen`);
    const field = (id: string, label: string, input: HTMLElement) =>
      h("p", { class: "field" }, h("label", { for: id }, label), input);
    this.element.append(
      this.disc,
      h("div", { class: "sound" }, this.bar, this.allow, this.test, this.hint),
      h(
        "div",
        { class: "devices" },
        field("microphone", "Microphone", this.microphones),
        field("camera", "Camera", this.cameras),
      ),
      this.network,
    );
    this.showMicrophone();
    void this.prepare();
  }

  setName(name: string): void {
    setText(this.initial, name.trim().charAt(0).toUpperCase());
  }

  /** What is to be published. From here on the tracks belong to the caller. */
  async tracks(): Promise<{ microphone: LocalAudioTrack | null; camera: LocalVideoTrack | null }> {
    if (!this.microphone) await this.openMicrophone();
    return { microphone: this.microphone, camera: this.camera };
  }

  close(): void {
    this.open = false;
    this.meter?.close();
  }

  async checkNetwork(livekit: string): Promise<void> {
    const url = livekit.replace(/^ws/, "http");
    try {
      let ms = Number.POSITIVE_INFINITY;
      for (let attempt = 0; attempt < 4; attempt++) {
        // The first one opens the connection.
        const began = performance.now();
        await fetch(url, { mode: "no-cors", signal: AbortSignal.timeout(4_000) });
        ms = Math.min(ms, Math.round(performance.now() - began));
      }
      setText(this.network, ms < 150 ? `Network: good, ${ms} ms` : `Network: slow, ${ms} ms. Talk may overlap.`);
      this.network.className = `network ${ms < 150 ? "good" : "poor"}`;
    } catch {
      setText(this.network, "Network: the table cannot be reached from here. A firewall or VPN may be in the way.");
      this.network.className = "network poor";
    }
  }

  private async prepare(): Promise<void> {
    requestAnimationFrame((now) => this.frame(now));
    const blocked = devicesProblem();
    if (blocked) {
      this.complain(blocked);
      return;
    }
    const list = () => void this.list();
    navigator.mediaDevices.addEventListener("devicechange", list);
    window.addEventListener("focus", list);
    await this.list();
    if (await isGranted("microphone")) await this.openMicrophone();
    if (this.known.cameraOn && (await isGranted("camera"))) await this.openCamera(this.known.camera);
  }

  private async list(): Promise<void> {
    if (!this.open) return;
    const [microphones, cameras] = await Promise.all([listDevices("audioinput"), listDevices("videoinput")]);
    const fill = (select: HTMLSelectElement, first: string, devices: MediaDeviceInfo[], chosen: string) => {
      const named = devices.map((device, index) =>
        h("option", { value: device.deviceId }, device.label || `Device ${index + 1}`),
      );
      select.replaceChildren(...(first ? [h("option", { value: "" }, first)] : []), ...named);
      select.value = [...select.options].some((option) => option.value === chosen) ? chosen : "";
    };
    const voice = this.microphone?.mediaStreamTrack.getSettings().deviceId;
    fill(this.microphones, voice ? "" : "The browser's choice", microphones, voice ?? this.known.microphone);
    fill(
      this.cameras,
      "Off",
      cameras.length ? cameras : [],
      this.camera?.mediaStreamTrack.getSettings().deviceId ?? "",
    );
    if (!cameras.length || !cameras[0]?.label) {
      // Names come with permission; until then there is just on or off.
      if (!this.camera && this.cameras.options.length < 2) this.cameras.append(h("option", { value: "on" }, "On"));
    }
  }

  private async openMicrophone(): Promise<void> {
    wakeAudio();
    const wanted = this.microphones.value || this.known.microphone;
    this.meter?.close();
    this.microphone?.stop();
    this.meter = null;
    this.microphone = null;
    try {
      const track = await openMicrophone(wanted);
      this.microphone = track;
      this.meter = new Meter(track.mediaStreamTrack);
      this.heardAt = performance.now();
      this.orb.state = "listening";
      remember({ microphone: track.mediaStreamTrack.getSettings().deviceId ?? wanted });
      setText(this.hint, "");
      await this.list();
    } catch (error) {
      this.orb.state = "muted";
      this.complain(error);
    }
    this.showMicrophone();
  }

  private showMicrophone(): void {
    this.allow.hidden = this.microphone !== null;
    this.test.hidden = this.microphone === null || !("MediaRecorder" in window);
    this.bar.hidden = this.microphone === null;
  }

  private async switchCamera(): Promise<void> {
    const wanted = this.cameras.value;
    if (wanted) {
      await this.openCamera(wanted === "on" ? "" : wanted);
      return;
    }
    this.camera?.stop();
    this.camera = null;
    this.disc.querySelector("video")?.remove();
    remember({ cameraOn: false });
  }

  private async openCamera(wanted: string): Promise<void> {
    this.camera?.stop();
    this.camera = null;
    this.disc.querySelector("video")?.remove();
    try {
      this.camera = await openCamera(wanted);
      const video = h("video", { class: "mirrored", playsinline: true, muted: true, "aria-hidden": "true" });
      this.camera.attach(video);
      this.disc.append(video);
      remember({ cameraOn: true, camera: this.camera.mediaStreamTrack.getSettings().deviceId ?? wanted });
    } catch (error) {
      this.complain(error);
    }
    await this.list();
  }

  private async runTest(): Promise<void> {
    if (!this.microphone || !this.meter || this.testing) return;
    wakeAudio();
    this.testing = true;
    this.test.classList.add("recording");
    const check = new SoundCheck(this.microphone.mediaStreamTrack, this.meter, this.known.speaker);
    try {
      setText(this.hint, "Recording. Say what you had for breakfast.");
      const { recording, verdict } = await check.record();
      setText(this.hint, "This is how you sound…");
      const echo = await check.playBack(recording);
      const headphones = " Your microphone hears your loudspeaker: with headphones, nobody hears themselves twice.";
      setText(this.hint, verdict.text + (echo && verdict.good ? headphones : ""));
    } catch (error) {
      console.warn("the test failed", error);
      setText(this.hint, "The test did not work in this browser. The level above is what counts.");
    }
    this.test.classList.remove("recording");
    this.testing = false;
  }

  private frame(now: number): void {
    if (!this.open) return;
    const level = this.meter?.level() ?? 0;
    const ms = this.lastFrame ? Math.max(0, now - this.lastFrame) : 0;
    this.pace.frame(ms);
    this.orb.draw(level, ms / 1000, this.pace);
    this.lastFrame = now;
    this.bar.style.setProperty("--level", level.toFixed(3));
    if (level > 0.15 || audioContext().state !== "running") this.heardAt = now;
    if (now - this.lastTold > 500) {
      this.lastTold = now;
      setAttribute(this.bar, "aria-valuenow", String(Math.round(level * 100)));
      if (this.meter && !this.testing && !this.hint.textContent && now - this.heardAt > silentAfterMs) {
        setText(this.hint, "Say something: the bar should move. If it does not, choose another microphone.");
      }
    }
    requestAnimationFrame((next) => this.frame(next));
  }
}
