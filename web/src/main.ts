import "./style/main.css";
import { isGranted, openCamera, openMicrophone } from "./devices";
import { h } from "./dom";
import { GreenRoom, type Ready } from "./green-room";
import { claimSeat, preferences, seat } from "./memory";
import { Session } from "./session";
import { Table } from "./table";

const app = document.getElementById("app") ?? document.body;
const address = new URL(location.href);

async function start(): Promise<void> {
  const room = address.searchParams.get("room");
  const kept = room ? seat(room) : null;
  if (room && kept?.atTable && (await claimSeat(room)) && (await isGranted("microphone"))) {
    if (await sitDownAgain(room, kept.name, kept.rejoin)) return;
  }
  greet(room);
}

/** A reload in mid-show comes back to its seat without a question. */
async function sitDownAgain(room: string, name: string, rejoin: string): Promise<boolean> {
  app.replaceChildren(h("p", { class: "waiting", role: "status" }, "Coming back to the table…"));
  const { microphone, camera, cameraOn } = preferences();
  try {
    const [voice, picture] = await Promise.all([
      openMicrophone(microphone),
      cameraOn && (await isGranted("camera")) ? openCamera(camera).catch(() => null) : null,
    ]);
    await sit({ request: { name, room, rejoin }, microphone: voice, camera: picture, briefing: null });
    return true;
  } catch (error) {
    console.warn("coming back failed", error);
    return false;
  }
}

function greet(room: string | null): void {
  const greenRoom = new GreenRoom(room, async (ready) => {
    const kept = ready.request.room ? seat(ready.request.room) : null;
    if (kept && kept.name === ready.request.name && (await claimSeat(kept.room))) ready.request.rejoin = kept.rejoin;
    await sit(ready);
    greenRoom.close();
  });
  app.replaceChildren(greenRoom.element);
}

async function sit(ready: Ready): Promise<void> {
  const session = new Session();
  const table = new Table(session, ready.briefing, address.searchParams.get("view") === "stage");
  await session.enter(ready.request, ready);
  address.searchParams.set("room", session.place?.room ?? "");
  history.replaceState(null, "", address);
  void claimSeat(session.place?.room ?? "");
  app.replaceChildren(table.element);
}

void start();
