/** The picture of a voice: a lit sphere for an AI, a glowing ring for a person, both drawn from the voice's real level. */

import type { SpeakerState } from "./cast";
import { calm } from "./dom";
import type { Detail } from "./pace";

const attack = 0.55; // share of the way to a louder level in a frame of 1/60 s
const release = 0.12;
const idleRestMs = 50; // between two pictures of a voice that only breathes
const stepsSeen = 128; // smaller changes of level and light are none

/** What the canvas covers beside the disc itself: room for the glow. */
export const canvasScale = 1.6;

interface Look {
  light: number; // 0 dark, 1 full
  restless: number; // how much the outline moves without sound
  speed: number; // turns of the inside
}

const looks: Record<SpeakerState, Look> = {
  arriving: { light: 0.25, restless: 0.015, speed: 0.15 },
  away: { light: 0.15, restless: 0, speed: 0 },
  muted: { light: 0.3, restless: 0, speed: 0 },
  listening: { light: 0.62, restless: 0.018, speed: 0.25 },
  thinking: { light: 0.8, restless: 0.04, speed: 1.1 },
  speaking: { light: 1, restless: 0.03, speed: 0.6 },
  ducked: { light: 0.5, restless: 0.012, speed: 0.25 },
};

export class Orb {
  readonly canvas = document.createElement("canvas");
  state: SpeakerState = "arriving";
  private readonly pen: CanvasRenderingContext2D | null;
  private level = 0;
  private light = 0;
  private turn = Math.random() * 10;
  private size = 0;
  private waitedMs = Math.random() * idleRestMs; // not all in the same frame
  private drawn = "";

  constructor(
    private readonly colour: string,
    private readonly ai: boolean,
  ) {
    this.canvas.className = "orb";
    this.canvas.setAttribute("aria-hidden", "true");
    this.pen = this.canvas.getContext("2d");
  }

  /** One frame, of which a picture is drawn when it would be another one. `seconds` since the last frame. */
  draw(rawLevel: number, seconds: number, { pixelRatio, restMs }: Detail): void {
    const frames = Math.min(4, seconds * 60);
    const pull = rawLevel > this.level ? attack : release;
    this.level += (rawLevel - this.level) * (1 - (1 - pull) ** frames);
    const look = looks[this.state];
    this.light += (look.light - this.light) * (1 - 0.9 ** frames);
    if (!calm.matches) this.turn += seconds * look.speed * (1 + this.level);
    this.waitedMs += seconds * 1000;
    const idle = this.state === "listening" && this.level < 0.05;
    if (this.waitedMs < Math.max(restMs, idle ? idleRestMs : 0)) return;
    const { pen, canvas } = this;
    const size = Math.round(canvas.clientWidth * pixelRatio);
    if (!pen || size === 0) return;
    const seen = [this.level, this.light].map((value) => Math.round(value * stepsSeen));
    const picture = [this.state, size, this.ai ? this.turn : 0, ...seen].join(" ");
    if (picture === this.drawn) return;
    this.drawn = picture;
    this.waitedMs = 0;
    if (size !== this.size) {
      this.size = size;
      canvas.width = size;
      canvas.height = size;
    }
    pen.clearRect(0, 0, size, size);
    pen.save();
    pen.translate(size / 2, size / 2);
    const radius = size / 2 / canvasScale;
    this.glow(pen, radius);
    if (this.ai) this.sphere(pen, radius, calm.matches ? 0 : look.restless);
    else this.ring(pen, radius);
    if (this.state === "thinking") this.orbit(pen, radius);
    pen.restore();
  }

  private glow(pen: CanvasRenderingContext2D, radius: number): void {
    const reach = radius * (1.12 + 0.46 * this.level);
    const gradient = pen.createRadialGradient(0, 0, radius * 0.7, 0, 0, reach);
    gradient.addColorStop(0, alpha(this.colour, this.light * (0.34 + 0.5 * this.level)));
    gradient.addColorStop(0.55, alpha(this.colour, this.light * (0.1 + 0.25 * this.level)));
    gradient.addColorStop(1, alpha(this.colour, 0));
    pen.fillStyle = gradient;
    pen.beginPath();
    pen.arc(0, 0, reach, 0, Math.PI * 2);
    pen.fill();
  }

  private sphere(pen: CanvasRenderingContext2D, radius: number, restless: number): void {
    const body = radius * 0.86;
    pen.save();
    const shade = pen.createRadialGradient(-body * 0.3, -body * 0.4, body * 0.1, 0, 0, body);
    shade.addColorStop(0, mix(this.colour, "#ffffff", 0.25 * this.light));
    shade.addColorStop(0.5, mix("#0a0e27", this.colour, 0.25 + 0.5 * this.light));
    shade.addColorStop(1, mix("#0a0e27", this.colour, 0.12 + 0.2 * this.light));
    pen.fillStyle = shade;
    this.outline(pen, body * (0.94 + 0.1 * this.level), restless * 0.6 + 0.05 * this.level, 0);
    pen.fill();
    pen.clip();
    pen.globalCompositeOperation = "lighter";
    for (let layer = 0; layer < 3; layer++) {
      const angle = this.turn * (layer % 2 ? -0.8 : 1) + (layer * Math.PI * 2) / 3;
      const away = body * (0.34 - 0.1 * this.level);
      const [x, y] = [Math.cos(angle) * away, Math.sin(angle * 1.3) * away];
      const reach = body * (0.62 + 0.3 * this.level);
      const light = pen.createRadialGradient(x, y, 0, x, y, reach);
      const tint =
        layer === 1 ? mix(this.colour, "#ffffff", 0.55) : layer === 2 ? turnHue(this.colour, 36) : this.colour;
      light.addColorStop(0, alpha(tint, this.light * (0.36 + 0.5 * this.level)));
      light.addColorStop(1, alpha(tint, 0));
      pen.fillStyle = light;
      pen.fillRect(-body * 1.3, -body * 1.3, body * 2.6, body * 2.6);
    }
    pen.restore();
    pen.lineWidth = radius * (0.012 + 0.03 * this.level);
    pen.strokeStyle = alpha(mix(this.colour, "#ffffff", 0.35), 0.25 + 0.6 * this.light);
    this.outline(pen, body * (0.98 + 0.12 * this.level), restless + 0.1 * this.level, 2);
    pen.stroke();
  }

  /** A circle that the voice bends. */
  private outline(pen: CanvasRenderingContext2D, radius: number, bend: number, phase: number): void {
    const points = 72;
    pen.beginPath();
    for (let point = 0; point <= points; point++) {
      const angle = (point / points) * Math.PI * 2;
      const wave =
        Math.sin(angle * 3 + this.turn * 2.1 + phase) * 0.5 +
        Math.sin(angle * 5 - this.turn * 2.9 + phase) * 0.3 +
        Math.sin(angle * 2 + this.turn * 1.3) * 0.4;
      const distance = radius * (1 + bend * wave);
      pen.lineTo(Math.cos(angle) * distance, Math.sin(angle) * distance);
    }
    pen.closePath();
  }

  private ring(pen: CanvasRenderingContext2D, radius: number): void {
    pen.lineWidth = radius * (0.035 + 0.07 * this.level);
    pen.strokeStyle = alpha(this.colour, 0.35 + 0.65 * this.light);
    pen.beginPath();
    pen.arc(0, 0, radius * (0.985 + 0.05 * this.level), 0, Math.PI * 2);
    pen.stroke();
  }

  private orbit(pen: CanvasRenderingContext2D, radius: number): void {
    const dots = 3;
    for (let dot = 0; dot < dots; dot++) {
      const angle = this.turn * 2.2 + (dot * Math.PI * 2) / dots;
      pen.fillStyle = alpha(mix(this.colour, "#ffffff", 0.5), 0.9 - dot * 0.2);
      pen.beginPath();
      pen.arc(Math.cos(angle) * radius * 1.08, Math.sin(angle) * radius * 1.08, radius * 0.035, 0, Math.PI * 2);
      pen.fill();
    }
  }
}

type Rgb = [number, number, number];

function rgb(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

function alpha(colour: string, share: number): string {
  const [r, g, b] = rgb(colour);
  return `rgba(${r},${g},${b},${Math.min(1, Math.max(0, share)).toFixed(3)})`;
}

function hex(parts: Rgb): string {
  return `#${parts
    .map((part) =>
      Math.round(Math.min(255, Math.max(0, part)))
        .toString(16)
        .padStart(2, "0"),
    )
    .join("")}`;
}

/** `share` of the way from one colour to another. */
export function mix(from: string, to: string, share: number): string {
  const [a, b] = [rgb(from), rgb(to)];
  return hex([0, 1, 2].map((i) => (a[i] ?? 0) + ((b[i] ?? 0) - (a[i] ?? 0)) * share) as Rgb);
}

/** The same colour with its hue turned, by the matrix that SVG's hueRotate filter is defined with. */
function turnHue(colour: string, degrees: number): string {
  const [r, g, b] = rgb(colour);
  const c = Math.cos((degrees * Math.PI) / 180);
  const s = Math.sin((degrees * Math.PI) / 180);
  return hex([
    r * (0.213 + c * 0.787 - s * 0.213) + g * (0.715 - c * 0.715 - s * 0.715) + b * (0.072 - c * 0.072 + s * 0.928),
    r * (0.213 - c * 0.213 + s * 0.143) + g * (0.715 + c * 0.285 + s * 0.14) + b * (0.072 - c * 0.072 - s * 0.283),
    r * (0.213 - c * 0.213 - s * 0.787) + g * (0.715 - c * 0.715 + s * 0.715) + b * (0.072 + c * 0.928 + s * 0.072),
  ]);
}
