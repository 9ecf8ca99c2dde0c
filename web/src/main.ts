import "./style/main.css";
import { setLogLevel } from "livekit-client";
import { type JoinRequest, lookAt, runningShows, StudioProblem } from "./api";
import { devicesProblem, isGranted, openCamera, openMicrophone } from "./devices";
import { h } from "./dom";
import { farewell } from "./farewell";
import { GreenRoom, type Link, type Ready } from "./green-room";
import { insecure } from "./insecure";
import { claimSeat, preferences, type Seat, seat } from "./memory";
import { wakeAudio } from "./meter";
import { Session } from "./session";
import { Table } from "./table";
import { audienceDoor, refused } from "./threshold";

const app = document.getElementById("app") ?? document.body;
const address = new URL(location.href);
const tryStageMs = 3_000;
let link: Link | null = null; // that the page was opened by

setLogLevel("warn"); // its notes on every step are for its developers
for (const gesture of ["pointerdown", "keydown"]) document.addEventListener(gesture, wakeAudio);

async function start(): Promise<void> {
  const text = new URLSearchParams(address.hash.slice(1)).get("invitation");
  const asked = address.searchParams.get("room");
  const kept = asked ? seat(asked) : null;
  if (text) {
    try {
      link = { text, invited: await lookAt(text) };
    } catch (error) {
      // One that has expired meanwhile still brings back who sits there.
      if (!(asked && kept?.atTable && (await resume(asked, kept, text)))) app.replaceChildren(refused(error));
      return;
    }
    if (link.invited.role === "audience") {
      const { invited } = link;
      app.replaceChildren(audienceDoor(invited, () => void watch(invited.room)));
      return;
    }
  }
  if (address.searchParams.get("view") === "stage") {
    await watch(link?.invited.room ?? asked);
    return;
  }
  const blocked = devicesProblem();
  if (blocked) {
    app.replaceChildren(insecure(blocked));
    return;
  }
  const role = link?.invited.role ?? "host";
  if (asked && kept?.atTable && (await resume(asked, { ...kept, role }, text))) return;
  greet(asked);
}

async function resume(room: string, kept: Seat, invitation: string | null): Promise<boolean> {
  if (!(await claimSeat(kept)) || !(await isGranted("microphone"))) return false;
  return sitDownAgain(room, kept, invitation);
}

/** The table alone, for an audience or a screen capture: neither seen nor heard there. Waits for the show. */
async function watch(room: string | null): Promise<void> {
  const wait = h("p", { class: "waiting", role: "status" }, "Waiting for the show to begin…");
  app.replaceChildren(wait);
  try {
    const wanted = link ? await begun(link.text) : (room ?? (await runningShows())[0]?.room);
    if (wanted) {
      const request: JoinRequest = { name: "Audience", room: wanted, role: "audience" };
      if (link) request.invitation = link.text;
      await sit({ request, microphone: null, camera: null, briefing: null }, true);
      return;
    }
  } catch (error) {
    if (error instanceof StudioProblem && error.status === 403) {
      app.replaceChildren(refused(error));
      return;
    }
    console.warn("the stage is not ready", error);
  }
  setTimeout(() => void watch(room), tryStageMs);
}

/** The show of a link, once it runs. */
async function begun(text: string): Promise<string | null> {
  const { room, begun } = await lookAt(text);
  return begun ? room : null;
}

/** A reload in mid-show comes back to its seat without a question. */
async function sitDownAgain(room: string, kept: Seat, invitation: string | null): Promise<boolean> {
  app.replaceChildren(h("p", { class: "waiting", role: "status" }, "Coming back to the table…"));
  const { microphone, camera, cameraOn } = preferences();
  const { name, rejoin, role } = kept;
  const request: JoinRequest = { name, room, rejoin, role };
  if (invitation) request.invitation = invitation;
  try {
    const [voice, picture] = await Promise.all([
      openMicrophone(microphone),
      cameraOn && (await isGranted("camera")) ? openCamera(camera).catch(() => null) : null,
    ]);
    await sit({ request, microphone: voice, camera: picture, briefing: null });
    return true;
  } catch (error) {
    console.warn("coming back failed", error);
    return false;
  }
}

function greet(room: string | null): void {
  const greenRoom = new GreenRoom(room, link, async (ready) => {
    const kept = ready.request.room ? seat(ready.request.room) : null;
    if (kept && kept.name === ready.request.name && (await claimSeat(kept))) ready.request.rejoin = kept.rejoin;
    await sit(ready);
    greenRoom.close();
  });
  app.replaceChildren(greenRoom.element);
}

async function sit(ready: Ready, stage = false): Promise<void> {
  const session = new Session();
  const role = ready.request.role ?? "host";
  const table = new Table(session, ready.briefing, role, stage);
  try {
    await session.enter(ready.request, ready);
  } catch (error) {
    table.close();
    throw error;
  }
  const { place } = session;
  table.showTitle(place?.title ?? "Roundtable", ready.briefing);
  if (place && !stage) {
    address.searchParams.set("room", place.room);
    history.replaceState(null, "", address);
    void claimSeat(place);
  }
  app.replaceChildren(table.element);
  session.on("connection", (connection) => {
    const goodbye = farewell(connection, role === "host", () => void session.comeBack());
    if (goodbye && stage && !(link && connection === "removed")) void watch(address.searchParams.get("room"));
    else app.replaceChildren(goodbye ?? table.element);
  });
}

window.addEventListener("hashchange", () => location.reload()); // another link, pasted into this tab
void start();
