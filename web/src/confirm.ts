import { h } from "./dom";

/** Ask before something ends. */
export function confirmed(question: string, consequence: string, yes: string): Promise<boolean> {
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { class: "sheet", "aria-labelledby": "question" },
      h("h2", { id: "question" }, question),
      h("p", {}, consequence),
      h(
        "form",
        { method: "dialog", class: "answers" },
        h("button", { value: "no" }, "Cancel"),
        h("button", { value: "yes", class: "danger" }, yes),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
