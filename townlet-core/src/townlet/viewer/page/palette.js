// Colours of the drawing. Light and dark are the same town by day; only what surrounds it follows the theme.
// Categories differ in lightness and shape, too, so that nothing is told by hue alone (after Okabe and Ito).

export const GROUND = {
  grass: "#c9d9a8", grassDark: "#b9cc95", flower: ["#f5e9a9", "#f0c7cf", "#ffffff"], street: "#e3dccd", joint: "#d3cab8",
  water: "#8fc1d9", ripple: "#b4d8e8", bank: "#b3a57f", plank: "#c49a6c", plankJoint: "#9c7448",
  beyond: "#9fb384", wall: "#8d7f78", wallTop: "#a99b92", wallFace: "#6e625d", hedge: "#7d9c5c", hedgeTop: "#95b272", hedgeDark: "#648048",
};
export const FLOORS = {
  home: ["#ead3ae", "#dfc59b"], kitchen: ["#f3e9dc", "#e3d3bf"], shop: ["#e9e3d4", "#dad2bf"], cafe: ["#e6cdb2", "#d8bb9a"],
  baths: ["#d9e8ec", "#c4d9df"], works: ["#d9dbe4", "#cbced9"], room: ["#e8dfcf", "#dacfbb"],
};
export const INK = "#2e2a2b";
export const SKIN = ["#f5d0b0", "#e5b58c", "#c98e62", "#9a6840", "#6e4728", "#f0c4a0"];
export const HAIR = ["#3a2a20", "#171414", "#7b4a26", "#c79a4b", "#5a5350", "#8d3b20", "#d8d0c6"];

/** The colours of categories of events and of needs, from the theme's style sheet by name. */
export const CATEGORY_COLOURS = { town: "town", trouble: "trouble", people: "people", routine: "routine" };
export const NEED_COLOURS = { hunger: "hunger", energy: "energy", hygiene: "hygiene" };

/** The colour of an agent's clothes. */
export function clothes(slot) {
  const hue = ((slot * 0.618034) % 1) * 360;
  const light = [44, 56, 36][slot % 3];
  return `hsl(${hue.toFixed(0)} 58% ${light}%)`;
}

/** Whole numbers 0 to 2^32, the same for the same arguments: what varies without meaning. */
export function scatter(a, b = 0) {
  let h = Math.imul(a + 1, 0x9e3779b1) ^ Math.imul(b + 1, 0x85ebca6b);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  h ^= h >>> 12;
  return h >>> 0;
}
