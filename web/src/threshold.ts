/** Where a link leads before the table: the audience's door, and what is said of a link that opens nothing. */

import { type Invited, StudioProblem } from "./api";
import { h } from "./dom";
import { logo } from "./icons";
import { wakeAudio } from "./meter";

/** The press lets the browser play sound. No microphone is asked for. */
export function audienceDoor(invited: Invited, enter: () => void): HTMLElement {
  const press = () => {
    wakeAudio();
    enter();
  };
  return h(
    "main",
    { class: "farewell" },
    logo(),
    h("h1", {}, "You are invited to watch"),
    invited.title && h("p", {}, invited.title),
    h("p", {}, "You see and hear the table; nobody there sees or hears you."),
    h("p", { class: "row" }, h("button", { type: "button", class: "primary", onclick: press }, "Watch the show")),
  );
}

export function refused(problem: unknown): HTMLElement {
  if (!(problem instanceof StudioProblem)) console.error(problem);
  const said =
    problem instanceof StudioProblem
      ? problem
      : new StudioProblem("Something went wrong.", "Load the page again with the link as you got it.");
  return h(
    "main",
    { class: "farewell" },
    logo(),
    h("h1", {}, said.status === 403 ? "This link does not open the studio" : "The studio cannot be reached"),
    h("p", { role: "alert" }, said.message),
    h("p", {}, said.fix),
  );
}
