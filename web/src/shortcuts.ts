/** Keys, and the sheet that explains them. They can be switched off, for those whose software types letters. */

import type { Role } from "./api";
import type { Controls } from "./controls";
import { h } from "./dom";
import { icon } from "./icons";
import { preferences, remember } from "./memory";

const keys: [string, string][] = [
  ["M", "Mute or unmute your microphone"],
  ["Space, held", "Talk while muted"],
  ["V", "Camera on or off"],
  ["1, 2, …", "Ask that AI"],
  ["S", "Stop who is speaking"],
  ["K", "Skip to the next"],
  ["G", "Go on"],
  ["T", "Think about it, or speak now"],
  ["C", "Mark a chapter"],
  ["L", "Transcript"],
  ["?", "This sheet"],
];

export function listenToKeys(controls: Controls, signal: AbortSignal): void {
  const run: Record<string, () => void> = {
    m: () => void controls.toggleMute(),
    v: () => void controls.toggleCamera(),
    s: () => controls.send("stop"),
    k: () => controls.send("skip"),
    g: () => controls.send("go_on"),
    t: () => controls.toggleThink(),
    c: () => controls.markChapter(),
    l: () => controls.transcript(),
    "?": () => controls.help(),
  };
  const ours = (event: KeyboardEvent) => {
    const target = event.target instanceof Element ? event.target : null;
    const typing = target?.closest("input, textarea, select, dialog, [contenteditable], [popover]");
    return !typing && !event.ctrlKey && !event.metaKey && !event.altKey && preferences().keys;
  };
  const down = (event: KeyboardEvent) => {
    if (!ours(event) || event.repeat) return;
    if (event.key === " ") {
      // A focused button keeps its own use of the key.
      if (event.target instanceof HTMLButtonElement) return;
      event.preventDefault();
      void controls.talk(true);
    } else if (/^[1-9]$/.test(event.key)) {
      controls.askNumber(Number(event.key));
    } else {
      run[event.key.toLowerCase()]?.();
    }
  };
  const up = (event: KeyboardEvent) => {
    if (event.key === " ") void controls.talk(false);
  };
  document.addEventListener("keydown", down, { signal });
  document.addEventListener("keyup", up, { signal });
  window.addEventListener("blur", () => void controls.talk(false), { signal });
}

export function helpSheet(role: Role): HTMLDialogElement {
  const list = h("dl", { class: "keys" });
  const mine = keys.filter(([key]) => role === "host" || key !== "C");
  for (const [key, what] of mine) list.append(h("dt", {}, h("kbd", {}, key)), h("dd", {}, what));
  const on = h("input", { type: "checkbox", onchange: () => remember({ keys: on.checked }) });
  on.checked = preferences().keys;
  const dialog = h(
    "dialog",
    { class: "sheet", "aria-labelledby": "help-title" },
    h(
      "form",
      { method: "dialog", class: "sheet-top" },
      h("h2", { id: "help-title" }, "Keys"),
      h("button", { class: "bare", "aria-label": "Close" }, icon("close")),
    ),
    list,
    h("label", { class: "check" }, on, h("span", {}, "Single keys work")),
  );
  return dialog;
}
