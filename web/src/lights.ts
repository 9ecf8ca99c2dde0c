/** Light in the colour of whoever speaks. */

import { h } from "./dom";

/** Two layers that fade into each other: opacity is the compositor's work, a gliding colour paints all of it each frame. */
export class Lights {
  readonly element: HTMLElement;
  private front = h("div", { class: "light" });
  private back = h("div", { class: "light" });
  private colour = "";

  constructor() {
    this.element = h("div", { class: "lights", "aria-hidden": "true" }, this.front, this.back);
  }

  show(colour: string): void {
    if (colour === this.colour) return;
    this.colour = colour;
    [this.front, this.back] = [this.back, this.front];
    this.front.style.setProperty("--lit", colour);
    this.front.classList.add("on");
    this.back.classList.remove("on");
  }
}
