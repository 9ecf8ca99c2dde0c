/** How much is drawn, so that a slow machine still has a fluent page and time for the sound. */

const windowMs = 1_000;
const awayMs = 1_000; // a longer pause is a hidden tab, not a slow machine
const slowMs = 40; // a frame, on average
const unsteadyMs = 20; // the same, where frames come late now and then: a display may have 30 a second, evenly
const lateShare = 0.2;
const patienceMs = 10_000; // without a late frame, before more is drawn again
const longestPatienceMs = 160_000;

/** How finely something is drawn. */
export interface Detail {
  readonly pixelRatio: number; // of the canvas, at most
  readonly restMs: number; // between two pictures of the same thing, at least
}

const steps: readonly [Detail, ...Detail[]] = [
  { pixelRatio: 2, restMs: 0 },
  { pixelRatio: 1, restMs: 0 },
  { pixelRatio: 0.75, restMs: 30 },
  { pixelRatio: 0.5, restMs: 80 },
];

export class Pace implements Detail {
  /** 0: everything is drawn in each frame; 3: as little as can be. */
  level = 0;
  private intervals: number[] = [];
  private sumMs = 0;
  private fluentMs = 0;
  private patienceMs = patienceMs;
  private tried = false; // more is drawn since the last change

  get pixelRatio(): number {
    return Math.min(window.devicePixelRatio, this.step.pixelRatio);
  }

  get restMs(): number {
    return this.step.restMs;
  }

  /** Once a frame, with the time since the last one. */
  frame(ms: number): void {
    if (ms > awayMs) {
      this.clear();
      return;
    }
    this.intervals.push(ms);
    this.sumMs += ms;
    if (this.sumMs < windowMs) return;
    if (this.slow()) {
      // What was tried in vain is tried again later each time
      if (this.tried && this.fluentMs === 0) this.patienceMs = Math.min(longestPatienceMs, this.patienceMs * 2);
      this.tried = false;
      this.level = Math.min(steps.length - 1, this.level + 1);
      this.fluentMs = 0;
    } else {
      this.fluentMs += this.sumMs;
      if (this.level > 0 && this.fluentMs >= this.patienceMs) {
        this.level -= 1;
        this.tried = true;
        this.fluentMs = 0;
      }
    }
    this.clear();
  }

  private get step(): Detail {
    return steps[this.level] ?? steps[0];
  }

  private slow(): boolean {
    const mean = this.sumMs / this.intervals.length;
    if (mean > slowMs) return true;
    const median = this.intervals.toSorted((a, b) => a - b)[this.intervals.length >> 1] ?? mean;
    const late = this.intervals.filter((ms) => ms > median * 1.5).length;
    return mean > unsteadyMs && late > this.intervals.length * lateShare;
  }

  private clear(): void {
    this.intervals = [];
    this.sumMs = 0;
  }
}
