/** The visual of thinking mode: points on a sunflower's spiral whose angle drifts, so that arms form, turn and dissolve. */

import { calm } from "./dom";
import { mix } from "./orb";
import type { Detail } from "./pace";

const points = 420;
const golden = Math.PI * (3 - Math.sqrt(5));
const drift = 0.00011; // radians a second, a point: slow enough to watch, fast enough to pull
const ringWidth = 0.012;

export class Mandala {
  readonly canvas = document.createElement("canvas");
  private readonly pen = this.canvas.getContext("2d");
  private time = 0;
  private waitedMs = 0;

  constructor() {
    this.canvas.className = "mandala";
    this.canvas.setAttribute("aria-hidden", "true");
  }

  /** `left`: share of the time that is left, 1 to 0. */
  draw(colour: string, left: number, seconds: number, { pixelRatio, restMs }: Detail): void {
    if (!calm.matches) this.time += seconds;
    this.waitedMs += seconds * 1000;
    if (this.waitedMs < restMs) return;
    this.waitedMs = 0;
    const { canvas, pen } = this;
    const size = Math.round(canvas.clientWidth * pixelRatio);
    if (!pen || !size) return;
    if (canvas.width !== size) {
      canvas.width = size;
      canvas.height = size;
    }
    const half = size / 2;
    pen.clearRect(0, 0, size, size);
    pen.save();
    pen.translate(half, half);
    this.ring(pen, half, colour, left);
    const angle = golden + (this.time + 6) * drift * 10;
    const bright = mix(colour, "#ffffff", 0.65);
    for (let i = 8; i < points; i++) {
      const share = i / points;
      const breath = 1 + 0.05 * Math.sin(this.time * 0.9 - share * 9);
      const radius = half * 0.88 * Math.sqrt(share) * breath;
      const turn = i * angle - this.time * 0.12;
      const wave = 0.5 + 0.5 * Math.sin(this.time * 1.6 - share * 14);
      pen.globalAlpha = (0.12 + 0.75 * wave) * (0.25 + 0.75 * share) * (1 - share ** 6);
      pen.fillStyle = wave > 0.7 ? bright : colour;
      pen.beginPath();
      pen.arc(Math.cos(turn) * radius, Math.sin(turn) * radius, half * (0.004 + 0.014 * share * (0.4 + wave)), 0, 7);
      pen.fill();
    }
    pen.restore();
  }

  private ring(pen: CanvasRenderingContext2D, half: number, colour: string, left: number): void {
    const radius = half * 0.97;
    pen.lineWidth = half * ringWidth;
    pen.lineCap = "round";
    pen.strokeStyle = mix("#0a0e27", colour, 0.3);
    pen.beginPath();
    pen.arc(0, 0, radius, 0, Math.PI * 2);
    pen.stroke();
    pen.strokeStyle = mix(colour, "#ffffff", 0.3);
    pen.beginPath();
    pen.arc(0, 0, radius, -Math.PI / 2, -Math.PI / 2 + Math.PI * 2 * Math.min(1, Math.max(0, left)));
    pen.stroke();
  }
}
