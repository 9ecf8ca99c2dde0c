/** Links for those who should come: made here, copied, and withdrawn. Hosts only. */

import { type Invitation, invitations, invite, type Role, StudioProblem, withdraw } from "./api";
import { h, setText } from "./dom";
import { icon } from "./icons";

const roles: [Role, string][] = [
  ["guest", "A guest: speaks at the table, and is recorded"],
  ["audience", "An audience: watches and listens"],
  ["host", "A host: may also end the show and invite"],
];
const lives: [number, string][] = [
  [3_600, "1 hour"],
  [7_200, "2 hours"],
  [86_400, "1 day"],
  [604_800, "7 days"],
];
const names: Record<Role, string> = { guest: "Guest", audience: "Audience", host: "Host" };
const isHome = (host: string): boolean => /^(localhost|127\.|\[::1\]$)|\.localhost$/.test(host);
const atHome = isHome(location.hostname);

export class InviteSheet {
  readonly dialog: HTMLDialogElement;
  private readonly role = select("invite-role", roles, "guest");
  private readonly life = select("invite-life", lives, 7_200);
  private readonly link = h("input", { id: "invite-link", readonly: true, onfocus: () => this.link.select() });
  private readonly made = h(
    "p",
    { class: "field", hidden: true },
    h("label", { for: "invite-link" }, "The link, for everyone who has it"),
    this.link,
  );
  private readonly said = h("p", { class: "hint", role: "status" });
  private readonly hint = h(
    "p",
    { class: "hint", hidden: true },
    "You are at the studio's own machine: this link works on this machine only. 'studio up --lan' opens it to the network.",
  );
  private readonly list = h("ul", { class: "invitations", "aria-label": "Open invitations" });

  constructor(private readonly room: string) {
    const close = h("button", { class: "bare", "aria-label": "Close" }, icon("close"));
    const make = h("button", { type: "button", class: "primary", onclick: () => void this.make() }, "Copy a new link");
    this.dialog = h(
      "dialog",
      { class: "sheet", "aria-labelledby": "invite-title" },
      h("form", { method: "dialog", class: "sheet-top" }, h("h2", { id: "invite-title" }, "Invite"), close),
      h("p", { class: "field" }, h("label", { for: "invite-role" }, "Who comes by it"), this.role),
      h("p", { class: "field" }, h("label", { for: "invite-life" }, "Good for"), this.life),
      make,
      this.made,
      this.said,
      this.hint,
      this.list,
    );
    this.dialog.addEventListener("close", () => this.dialog.remove());
  }

  show(): void {
    this.dialog.showModal();
    void this.attempt(() => this.refresh());
  }

  private make(): Promise<void> {
    return this.attempt(async () => {
      const { path, link } = await invite(this.role.value as Role, this.room, Number(this.life.value));
      const reachable = atHome && !isHome(new URL(link).hostname); // the studio is on the network, too
      this.link.value = reachable ? link : location.origin + path;
      this.hint.hidden = !atHome || reachable;
      this.made.hidden = false;
      const copied = await navigator.clipboard.writeText(this.link.value).then(
        () => true,
        () => false,
      );
      setText(this.said, copied ? "The link is copied." : "Copy the link above.");
      await this.refresh();
    });
  }

  private async refresh(): Promise<void> {
    const open = (await invitations()).filter((one) => one.state === "open" && one.room === this.room);
    this.list.replaceChildren(...open.map((one) => this.line(one)));
    this.list.hidden = open.length === 0;
  }

  private line(one: Invitation): HTMLElement {
    const until = new Date(one.expires_at * 1000);
    const time = until.toLocaleString([], { weekday: "short", hour: "2-digit", minute: "2-digit" });
    const what = `${one.name || names[one.role]}, until ${time}`;
    const end = () =>
      void this.attempt(async () => {
        const { sent_out } = await withdraw(one.id);
        setText(this.said, sent_out ? "Withdrawn. Who came by it had to leave." : "Withdrawn.");
        await this.refresh();
      });
    const button = h("button", { type: "button", class: "small", "aria-label": `Withdraw: ${what}`, onclick: end });
    button.append("Withdraw");
    return h("li", {}, h("span", {}, what), button);
  }

  private async attempt(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof StudioProblem)) console.error(error);
      const text = error instanceof StudioProblem ? `${error.message} ${error.fix}` : "That did not work. Try again.";
      setText(this.said, text);
    }
  }
}

function select(id: string, choices: [string | number, string][], chosen: string | number): HTMLSelectElement {
  const element = h("select", { id });
  element.append(...choices.map(([value, label]) => h("option", { value, selected: value === chosen }, label)));
  return element;
}
