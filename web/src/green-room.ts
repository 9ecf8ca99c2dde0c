/** Before the table: who you are, how you sound, and what the show is about. */

import type { LocalAudioTrack, LocalVideoTrack } from "livekit-client";
import {
  type Briefing,
  briefings,
  type JoinRequest,
  notReady,
  runningShows,
  type Show,
  StudioProblem,
  sentence,
} from "./api";
import { devicesProblem, isGranted, type Kind, listDevices, openCamera, openMicrophone } from "./devices";
import { h, setText } from "./dom";
import { icon } from "./icons";
import { preferences, remember } from "./memory";
import { Meter, wakeAudio } from "./meter";

export interface Ready {
  request: JoinRequest;
  microphone: LocalAudioTrack | null;
  camera: LocalVideoTrack | null;
  briefing: Briefing | null;
}

export class GreenRoom {
  readonly element = h("main", { class: "green-room" });
  private readonly known = preferences();
  private readonly name = h("input", {
    id: "name",
    name: "name",
    required: true,
    maxlength: 60,
    autocomplete: "given-name",
    placeholder: "Anna",
  });
  private readonly title = h("input", { id: "title", maxlength: 120, placeholder: "A new episode" });
  private readonly shows = h("select", { id: "show" });
  private readonly briefing = h("select", { id: "briefing" });
  private readonly reading = h("div", { class: "reading" });
  private readonly microphones = h("select", { id: "microphone", onchange: () => void this.chooseMicrophone() });
  private readonly cameras = h("select", { id: "camera", onchange: () => void this.chooseCamera() });
  private readonly level = h("meter", { min: 0, max: 1, value: 0, "aria-label": "Level of your microphone" });
  private readonly heard = h("p", { class: "hint" });
  private readonly preview = h("div", { class: "preview" });
  private readonly consent = h("input", { type: "checkbox", id: "consent", required: true });
  private readonly problem = h("p", { class: "problem", role: "alert" });
  private readonly button = h("button", { type: "submit", class: "primary big" }, "Join the table");
  private readonly newShow = h("div", { class: "new-show" });
  private microphone: LocalAudioTrack | null = null;
  private camera: LocalVideoTrack | null = null;
  private meter: Meter | null = null;
  private all: Briefing[] = [];
  private open = true;

  constructor(
    private readonly room: string | null,
    private readonly enter: (ready: Ready) => Promise<void>,
  ) {
    this.name.value = this.known.name;
    this.consent.checked = this.known.consent;
    const field = (id: string, label: string, input: HTMLElement) =>
      h("p", { class: "field" }, h("label", { for: id }, label), input);
    this.newShow.append(
      field("title", "Title", this.title),
      field("briefing", "Briefing", this.briefing),
      this.reading,
    );
    const form = h(
      "form",
      { class: "card", onsubmit: (event: Event) => void this.submit(event) },
      h("h1", {}, "Roundtable"),
      h("p", { class: "lead" }, "Take a seat. The microphone opens for others when you join."),
      field("name", "Your name", this.name),
      !room && field("show", "Show", this.shows),
      !room && this.newShow,
      field("microphone", "Microphone", this.microphones),
      h("p", { class: "meter-row" }, icon("microphone"), this.level),
      this.heard,
      field("camera", "Camera", this.cameras),
      h(
        "label",
        { class: "check", for: "consent" },
        this.consent,
        h("span", {}, "I agree to be recorded. Each voice is kept on a track of its own, with captions."),
      ),
      this.problem,
      this.button,
    );
    this.element.append(this.preview, form);
    void this.prepare();
  }

  close(): void {
    this.open = false;
    this.meter?.close();
    this.element.remove();
  }

  private async prepare(): Promise<void> {
    this.shows.addEventListener("change", () => {
      this.newShow.hidden = this.shows.value !== "";
    });
    this.briefing.addEventListener("change", () => this.read());
    const blocked = devicesProblem();
    if (blocked) this.say(blocked);
    void this.load();
    await this.listDevices();
    if (!blocked && (await isGranted("microphone"))) await this.chooseMicrophone();
    else this.offerMicrophone();
    if (this.known.cameraOn && (await isGranted("camera"))) await this.chooseCamera();
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.listDevices());
    this.measure();
  }

  private async load(): Promise<void> {
    const [reasons, shows, all] = await Promise.all([
      notReady(),
      runningShows().catch((): Show[] => []),
      briefings().catch((): Briefing[] => []),
    ]);
    if (reasons.length)
      this.say(
        new StudioProblem(`No show can start right now: ${reasons.join("; ")}.`, "This page tries again by itself."),
      );
    if (reasons.length && this.open) setTimeout(() => void this.load(), 3_000);
    else setText(this.problem, "");
    this.all = all;
    const running = shows.map((show) =>
      h("option", { value: show.room }, `Join “${show.title}” with ${show.people.join(", ")}`),
    );
    this.shows.replaceChildren(...running, h("option", { value: "" }, "Start a new show"));
    this.newShow.hidden = this.shows.value !== "";
    this.briefing.replaceChildren(
      h("option", { value: "" }, "None: talk freely"),
      ...all.map((briefing) => h("option", { value: briefing.file }, briefing.title)),
    );
    if (all[0]) this.briefing.value = all[0].file;
    this.read();
  }

  private read(): void {
    const chosen = this.all.find((briefing) => briefing.file === this.briefing.value);
    this.title.placeholder = chosen?.title ?? "A new episode";
    this.reading.replaceChildren(
      chosen ? h("p", {}, `With ${chosen.guest}. ${sentence(chosen.tone)}`) : "",
      chosen?.must_cover.length ? h("ul", {}, ...chosen.must_cover.map((point) => h("li", {}, point))) : "",
    );
  }

  private async listDevices(): Promise<void> {
    const fill = async (kind: Kind, select: HTMLSelectElement, chosen: string, none: string) => {
      const before = select.value || chosen;
      const options = (await listDevices(kind)).map((device, index) =>
        h(
          "option",
          { value: device.deviceId },
          device.label || `${kind === "audioinput" ? "Microphone" : "Camera"} ${index + 1}`,
        ),
      );
      select.replaceChildren(h("option", { value: "" }, none), ...options);
      select.value = [...select.options].some((option) => option.value === before) ? before : "";
    };
    await fill("audioinput", this.microphones, this.known.microphone, "The browser's choice");
    await fill("videoinput", this.cameras, this.known.cameraOn ? this.known.camera : "", "Off");
  }

  private offerMicrophone(): void {
    const ask = h("button", { type: "button", onclick: () => void this.chooseMicrophone() }, "Turn on the microphone");
    this.heard.replaceChildren(ask);
  }

  private async chooseMicrophone(): Promise<void> {
    wakeAudio();
    this.meter?.close();
    this.microphone?.stop();
    this.meter = null;
    this.microphone = null;
    try {
      const track = await openMicrophone(this.microphones.value);
      this.microphone = track;
      this.meter = new Meter(track.mediaStreamTrack);
      setText(this.problem, "");
      setText(this.heard, "Say something: the bar should move.");
      await this.listDevices();
      const used = track.mediaStreamTrack.getSettings().deviceId ?? "";
      if ([...this.microphones.options].some((option) => option.value === used)) this.microphones.value = used;
      remember({ microphone: this.microphones.value });
    } catch (error) {
      this.say(error);
      this.offerMicrophone();
    }
  }

  private async chooseCamera(): Promise<void> {
    this.camera?.stop();
    this.camera = null;
    this.preview.replaceChildren();
    const wanted = this.cameras.value;
    remember({ cameraOn: wanted !== "", camera: wanted });
    if (!wanted && !this.known.cameraOn) return;
    try {
      this.camera = await openCamera(wanted);
      const video = h("video", { class: "mirrored", playsinline: true, muted: true, "aria-hidden": "true" });
      this.camera.attach(video);
      this.preview.replaceChildren(video);
      await this.listDevices();
      this.cameras.value = this.camera.mediaStreamTrack.getSettings().deviceId ?? wanted;
    } catch (error) {
      this.say(error);
    }
  }

  private measure(): void {
    if (!this.open) return;
    this.level.value = this.meter?.level() ?? 0;
    requestAnimationFrame(() => this.measure());
  }

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    wakeAudio();
    const name = this.name.value.trim();
    remember({ name, consent: this.consent.checked });
    const request: JoinRequest = { name };
    const room = this.room ?? this.shows.value;
    const briefing = this.all.find((one) => one.file === this.briefing.value) ?? null;
    if (room) request.room = room;
    else {
      if (this.title.value.trim()) request.title = this.title.value.trim();
      if (briefing) request.briefing = briefing.file;
    }
    this.button.disabled = true;
    setText(this.problem, "");
    try {
      await this.enter({ request, microphone: this.microphone, camera: this.camera, briefing: room ? null : briefing });
    } catch (error) {
      this.say(error);
      this.button.disabled = false;
    }
  }

  private say(error: unknown): void {
    if (!(error instanceof StudioProblem)) console.error(error);
    setText(
      this.problem,
      error instanceof StudioProblem ? `${error.message} ${error.fix}` : "Something went wrong. Reload the page.",
    );
  }
}
