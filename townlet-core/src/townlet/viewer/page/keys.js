// What keys do. A key means nothing here while somebody writes into a field, or with Ctrl, Alt or Meta.

/** The name of what a key asks for, or null. */
export function commandOf(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  const tag = event.target?.tagName;
  const type = event.target?.type;
  const writes = tag === "TEXTAREA" || tag === "SELECT" || (tag === "INPUT" && !["range", "checkbox"].includes(type));
  if (writes) return event.key === "Escape" ? "leave" : null;
  if (event.key === " " && (tag === "BUTTON" || tag === "SUMMARY" || type === "checkbox")) return null;
  const shifted = event.shiftKey ? SHIFTED[event.key] : undefined;
  return shifted ?? KEYS[event.key] ?? KEYS[event.key.toLowerCase()] ?? null;
}

const SHIFTED = { ArrowLeft: "back10", ArrowRight: "ahead10" };
const KEYS = {
  " ": "play", ArrowLeft: "back", ArrowRight: "ahead", Home: "start", End: "end", "+": "faster", "=": "faster",
  "-": "slower", "[": "eventBefore", "]": "eventAfter", n: "next", p: "previous", f: "follow", Escape: "release",
  t: "ties", 0: "fit", "/": "search", 1: "town", 2: "agent", 3: "events", d: "theme", "?": "help",
};
