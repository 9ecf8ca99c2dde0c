import "../style/episodes.css";
import { StudioProblem } from "../api";
import { clockText, h } from "../dom";
import { icon, logo } from "../icons";
import { details, list, type Summary } from "./archive";
import { colours, EpisodeView } from "./show";
import { dateText } from "./words";

const app = document.getElementById("app") ?? document.body;

function frame(content: HTMLElement, inside: boolean): void {
  const back = inside ? h("a", { class: "back", href: "/episodes" }, icon("back"), "All episodes") : null;
  const brand = h("header", { class: "brand" }, logo(), h("a", { href: "/" }, "Roundtable"), back);
  app.replaceChildren(h("div", { class: "archive" }, brand, content));
}

function card(episode: Summary): HTMLElement {
  const colour = colours(episode.speakers);
  const people = episode.speakers.map(({ id, name }) => {
    const dot = h("span", { class: "dot", "aria-hidden": "true" });
    dot.style.setProperty("--colour", colour.get(id) ?? "");
    return h("li", {}, dot, name);
  });
  const length = episode.duration_s === null ? "not sealed yet" : clockText(episode.duration_s);
  return h(
    "li",
    {},
    h(
      "a",
      { class: "card", href: `/episodes?e=${encodeURIComponent(episode.folder)}` },
      h("h2", {}, episode.title),
      h("p", { class: "facts" }, [dateText(episode.started_at), length].filter(Boolean).join(" · ")),
      h("ul", { class: "people", "aria-label": "Speakers" }, ...people),
    ),
  );
}

async function showList(): Promise<void> {
  const episodes = await list();
  const content = episodes.length
    ? h("ul", { class: "cards" }, ...episodes.map(card))
    : h(
        "p",
        { class: "empty" },
        "No episode has been recorded yet. ",
        h("a", { href: "/" }, "Take a seat"),
        " and begin.",
      );
  frame(h("main", {}, h("h1", {}, "Episodes"), content), false);
}

async function showEpisode(folder: string): Promise<void> {
  const episode = await details(folder);
  document.title = `${episode.title} · Roundtable`;
  frame(new EpisodeView(episode).element, true);
}

async function start(): Promise<void> {
  const folder = new URL(location.href).searchParams.get("e");
  try {
    await (folder ? showEpisode(folder) : showList());
  } catch (error) {
    if (!(error instanceof StudioProblem)) console.error(error);
    const text =
      error instanceof StudioProblem ? `${error.message} ${error.fix}` : "Something went wrong. Load the page again.";
    frame(h("main", {}, h("h1", {}, "Episodes"), h("p", { class: "problem", role: "alert" }, text)), folder !== null);
  }
}

void start();
