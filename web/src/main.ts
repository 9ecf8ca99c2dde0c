import "./style/main.css";
import { setLogLevel } from "livekit-client";
import { type JoinRequest, runningShows } from "./api";
import { devicesProblem, isGranted, openCamera, openMicrophone } from "./devices";
import { h } from "./dom";
import { farewell } from "./farewell";
import { GreenRoom, type Ready } from "./green-room";
import { insecure } from "./insecure";
import { claimSeat, preferences, seat } from "./memory";
import { wakeAudio } from "./meter";
import { Session } from "./session";
import { Table } from "./table";

const app = document.getElementById("app") ?? document.body;
const address = new URL(location.href);
const tryStageMs = 3_000;

setLogLevel("warn"); // its notes on every step are for its developers
for (const gesture of ["pointerdown", "keydown"]) document.addEventListener(gesture, wakeAudio);

async function start(): Promise<void> {
  const room = address.searchParams.get("room");
  if (address.searchParams.get("view") === "stage") {
    await watch(room);
    return;
  }
  const blocked = devicesProblem();
  if (blocked) {
    app.replaceChildren(insecure(blocked));
    return;
  }
  const kept = room ? seat(room) : null;
  if (room && kept?.atTable && (await claimSeat(kept)) && (await isGranted("microphone"))) {
    if (await sitDownAgain(room, kept.name, kept.rejoin)) return;
  }
  greet(room);
}

/** The table alone, for a screen capture: neither seen nor heard there. Waits for the show. */
async function watch(room: string | null): Promise<void> {
  const wait = h("p", { class: "waiting", role: "status" }, "Waiting for the show to begin…");
  app.replaceChildren(wait);
  try {
    const wanted = room ?? (await runningShows())[0]?.room;
    if (wanted) {
      await sit(
        {
          request: { name: "Audience", room: wanted, role: "audience" },
          microphone: null,
          camera: null,
          briefing: null,
        },
        true,
      );
      return;
    }
  } catch (error) {
    console.warn("the stage is not ready", error);
  }
  setTimeout(() => void watch(room), tryStageMs);
}

/** A reload in mid-show comes back to its seat without a question. */
async function sitDownAgain(room: string, name: string, rejoin: string): Promise<boolean> {
  app.replaceChildren(h("p", { class: "waiting", role: "status" }, "Coming back to the table…"));
  const { microphone, camera, cameraOn } = preferences();
  const request: JoinRequest = { name, room, rejoin };
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
  const greenRoom = new GreenRoom(room, async (ready) => {
    const kept = ready.request.room ? seat(ready.request.room) : null;
    if (kept && kept.name === ready.request.name && (await claimSeat(kept))) ready.request.rejoin = kept.rejoin;
    await sit(ready);
    greenRoom.close();
  });
  app.replaceChildren(greenRoom.element);
}

async function sit(ready: Ready, stage = false): Promise<void> {
  const session = new Session();
  const table = new Table(session, ready.briefing, stage);
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
    const goodbye = farewell(connection, () => void session.comeBack());
    if (goodbye && stage) void watch(address.searchParams.get("room"));
    else app.replaceChildren(goodbye ?? table.element);
  });
}

void start();
