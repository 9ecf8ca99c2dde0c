/** After the table: left, ended, or sent away. */

import { h } from "./dom";
import { logo } from "./icons";
import type { Connection } from "./session";

interface Words {
  title: string;
  text: string;
  again: string | null;
}

const words: Partial<Record<Connection, Words>> = {
  left: { title: "You have left the table", text: "The show goes on without you.", again: "Come back in" },
  ended: {
    title: "That was the show",
    text: "Each voice is kept on a track of its own, with captions. It takes a moment until all files are sealed.",
    again: null,
  },
  elsewhere: {
    title: "You sit at this table elsewhere",
    text: "This seat was taken by another tab or device of yours. There is one of you at a time.",
    again: "Use this tab instead",
  },
  removed: {
    title: "You were asked to leave",
    text: "Whoever runs this show has ended your visit or withdrawn your invitation. For a new link, ask them.",
    again: null,
  },
};

/** `host`: whether the front page and the episodes are open to who leaves. */
export function farewell(connection: Connection, host: boolean, comeBack: () => void): HTMLElement | null {
  const said = words[connection];
  if (!said) return null;
  const again = said.again
    ? h("button", { type: "button", class: "primary", onclick: comeBack }, said.again)
    : host && h("a", { class: "button", href: "/" }, "To the front page");
  const episodes = host && h("a", { class: "button", href: "/episodes" }, "Episodes");
  return h(
    "main",
    { class: "farewell" },
    logo(),
    h("h1", {}, said.title),
    h("p", {}, said.text),
    h("p", { class: "row" }, again, episodes),
  );
}
