/** Icons as strokes on a 24 px grid, drawn for this page. */

const paths = {
  microphone: "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21M8.5 21h7",
  muted:
    "M9 6a3 3 0 0 1 6 0v5M9 9v2a3 3 0 0 0 4.5 2.6M5.5 11a6.5 6.5 0 0 0 10 5.5M18.5 11a6.4 6.4 0 0 1-.6 2.7M12 17.5V21M8.5 21h7M4 3l16 18",
  camera: "M3.5 7.5a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-8a2 2 0 0 1-2-2ZM15.5 10.5l5-3v9l-5-3",
  cameraOff:
    "M8 5.5h5.5a2 2 0 0 1 2 2v6M15 18a2 2 0 0 1-1.5.5h-8a2 2 0 0 1-2-2v-9a2 2 0 0 1 1-1.7M15.5 10.5l5-3v9l-3-1.8M3 3l18 18",
  screen: "M3.5 5h17v11.5h-17ZM9 20.5h6M12 16.5v4M12 13.5V8.5M9.5 10.5 12 8l2.5 2.5",
  stop: "M7 7h10v10H7Z",
  skip: "M5 6l8 6-8 6ZM17 6v12",
  goOn: "M8 5.5l10 6.5-10 6.5Z",
  think: "M9.5 18h5M10.5 21h3M8.8 15.5c-1.9-1.2-3-3-3-5.3a6.2 6.2 0 0 1 12.4 0c0 2.3-1.1 4.1-3 5.3V18H8.8Z",
  chapter: "M7 3.5h10V20l-5-3.5L7 20Z",
  leave: "M14 4.5H6v15h8M10 12h10.5M17 8.5l3.5 3.5-3.5 3.5",
  end: "M4 15c4.5-4.5 11.5-4.5 16 0l-2.7 2.8-3-1.8v-2.5c-1.5-.5-3.1-.5-4.6 0V16l-3 1.8Z",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1",
  help: "M9 9.2a3 3 0 1 1 4.3 2.7c-.8.4-1.3 1-1.3 2v.6M12 17.8v.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z",
  settings: "M4 7h9M17 7h3M15 5v4M4 12h3M11 12h9M9 10v4M4 17h11M19 17h1M17 15v4",
  close: "M6 6l12 12M18 6 6 18",
  sound: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5ZM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  check: "M4.5 12.5l5 5 10-11",
  record: "M12 6a6 6 0 1 0 0 12 6 6 0 0 0 0-12Z",
  signal: "M5 19v-3M10 19v-7M15 19V8M20 19V4",
  transcript: "M5 5h14M5 10h14M5 15h9M5 20h6",
  download: "M12 4v11M7.5 11 12 15.5 16.5 11M5 20h14",
  play: "M8 5.5l10.5 6.5L8 18.5Z",
  pause: "M8 5.5v13M16 5.5v13",
  back: "M15 5l-7 7 7 7",
  captions: "M3.5 6h17v12h-17ZM10 10.5a2 2 0 1 0 0 3M17 10.5a2 2 0 1 0 0 3",
} as const;

export type IconName = keyof typeof paths;

export function icon(name: IconName): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", paths[name]);
  svg.append(path);
  return svg;
}

/** Three voices at one table. */
export function logo(): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 48 44");
  svg.setAttribute("class", "logo");
  svg.setAttribute("aria-hidden", "true");
  for (const [x, y, colour] of [
    [24, 14, "#10b981"],
    [15, 29, "#3b82f6"],
    [33, 29, "#f59e0b"],
  ] as const) {
    const circle = document.createElementNS(space, "circle");
    circle.setAttribute("cx", String(x));
    circle.setAttribute("cy", String(y));
    circle.setAttribute("r", "11");
    circle.setAttribute("stroke", colour);
    svg.append(circle);
  }
  return svg;
}
