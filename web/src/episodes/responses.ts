/** How soon the AIs answered, over the show. */

import { clockText, h } from "../dom";
import type { Response } from "./archive";

const [width, height, left, bottom] = [720, 200, 44, 26];
const namespace = "http://www.w3.org/2000/svg";

function svg(tag: string, attributes: Record<string, string | number>, text = ""): SVGElement {
  const element = document.createElementNS(namespace, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text) element.textContent = text;
  return element;
}

export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function responsePlot(responses: Response[], duration: number, colourOf: (who: string) => string): HTMLElement {
  const latencies = responses.map((response) => response.latency_s);
  const [median, slow] = [quantile(latencies, 0.5), quantile(latencies, 0.95)];
  const most = Math.max(2, Math.ceil(Math.max(...latencies)));
  const x = (at: number) => left + (at / Math.max(1, duration)) * (width - left - 12);
  const y = (seconds: number) => (height - bottom) * (1 - seconds / most) + 8 * (seconds / most);
  const said = `Half of the ${latencies.length} answers began within ${median.toFixed(1)} s, 95 % within ${slow.toFixed(1)} s.`;
  const plot = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "plot", role: "img", "aria-label": said });
  const step = Math.max(1, Math.ceil(most / 4));
  for (let seconds = 0; seconds <= most; seconds += step) {
    plot.append(svg("line", { x1: left, x2: width - 12, y1: y(seconds), y2: y(seconds), class: "grid" }));
    plot.append(svg("text", { x: left - 8, y: y(seconds) + 4, "text-anchor": "end" }, `${seconds} s`));
  }
  for (const share of [0, 0.5, 1]) {
    const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
    plot.append(
      svg("text", { x: x(share * duration), y: height - 6, "text-anchor": anchor }, clockText(share * duration)),
    );
  }
  plot.append(svg("line", { x1: left, x2: width - 12, y1: y(median), y2: y(median), class: "median" }));
  for (const { at, who, latency_s } of responses) {
    const dot = svg("circle", { cx: x(at), cy: y(latency_s), r: 4.5, fill: colourOf(who) });
    dot.append(svg("title", {}, `${who}: ${latency_s.toFixed(2)} s at ${clockText(at)}`));
    plot.append(dot);
  }
  return h("section", { class: "panel responses" }, h("h2", {}, "Response times"), h("p", {}, said), plot);
}
