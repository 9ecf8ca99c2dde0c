/** Instead of the green room, at an address that browsers give no microphone to. */

import type { StudioProblem } from "./api";
import { h } from "./dom";
import { logo } from "./icons";

export function insecure(problem: StudioProblem): HTMLElement {
  return h(
    "main",
    { class: "farewell" },
    logo(),
    h("h1", {}, "This address has no microphone"),
    h("p", { role: "alert" }, `${problem.message} ${problem.fix}`),
    h("p", { class: "row" }, h("a", { class: "button", href: "/episodes" }, "Episodes")),
  );
}
