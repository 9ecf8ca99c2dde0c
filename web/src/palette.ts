/** The speakers' colours, on the dark ground. */

export const claudeColour = "#3b82f6";
export const guestColour = "#f59e0b";
export const hostColour = "#10b981";
export const further = ["#c084fc", "#2dd4bf", "#f472b6", "#facc15", "#a3e635", "#fb7185", "#22d3ee", "#e879f9"];

/** A colour that is not in use; when all are, the palette begins again. */
export function nextColour(used: ReadonlySet<string>): string {
  return further.find((colour) => !used.has(colour)) ?? further[used.size % further.length] ?? hostColour;
}
