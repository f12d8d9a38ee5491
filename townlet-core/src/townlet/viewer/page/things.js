// Facilities as small pictures, one tile each. What they show of their use is drawn over them, frame by frame.

import { circle, fill, rounded } from "./shapes.js";

/** Draws a facility at rest; `at` tells the ground of a tile. */
export function drawThing(context, thing, at) {
  context.save();
  context.translate(thing.x, thing.y);
  DRAWN[thing.kind]?.(context, thing, at);
  context.restore();
}

/** Draws what shows that a facility is in use. */
export function drawInUse(context, thing, time) {
  context.save();
  context.translate(thing.x, thing.y);
  USED[thing.kind]?.(context, time);
  context.restore();
}

/** Draws a facility as closed: a barred board. */
export function drawClosed(context, thing) {
  context.save();
  context.translate(thing.x, thing.y);
  fill(context, "rgba(255, 255, 255, 0.55)", 0, 0, 1, 1);
  rounded(context, "#c0392b", 0.08, 0.36, 0.84, 0.28, 0.06);
  fill(context, "#ffffff", 0.2, 0.46, 0.6, 0.08);
  context.restore();
}

const WOOD = "#a9784a";
const WOOD_DARK = "#7f5732";
const METAL = "#b9c0c8";

const DRAWN = {
  bed(c) {
    rounded(c, WOOD_DARK, 0.1, 0.02, 0.8, 0.97, 0.08);
    rounded(c, "#fbf7ee", 0.15, 0.07, 0.7, 0.86, 0.07);
    rounded(c, "#ffffff", 0.22, 0.1, 0.56, 0.25, 0.09);
    stroke(c, "#d9d2c4", 0.22, 0.1, 0.56, 0.25);
    rounded(c, "#7d8fc7", 0.15, 0.42, 0.7, 0.52, 0.06);
    fill(c, "#aab6de", 0.15, 0.42, 0.7, 0.09);
  },
  shower(c) {
    rounded(c, "#c6d8de", 0.04, 0.04, 0.92, 0.92, 0.1);
    rounded(c, "#e7f1f4", 0.1, 0.1, 0.8, 0.8, 0.08);
    circle(c, "#8fa3ab", 0.5, 0.86, 0.06);
    fill(c, METAL, 0.46, 0.04, 0.08, 0.16);
    rounded(c, "#8e99a3", 0.3, 0.18, 0.4, 0.09, 0.04);
  },
  stove(c) {
    rounded(c, "#55525c", 0.05, 0.05, 0.9, 0.9, 0.08);
    rounded(c, "#e9e7ea", 0.09, 0.09, 0.82, 0.62, 0.05);
    for (const [x, y] of [[0.3, 0.26], [0.7, 0.26], [0.3, 0.54], [0.7, 0.54]]) {
      circle(c, "#3a3840", x, y, 0.13);
      circle(c, "#56535d", x, y, 0.07);
    }
    for (let i = 0; i < 4; i++) circle(c, "#d8d4da", 0.2 + i * 0.2, 0.83, 0.045);
  },
  table(c) {
    for (const [x, y] of [[0.5, 0.1], [0.5, 0.9], [0.1, 0.5], [0.9, 0.5]]) circle(c, WOOD_DARK, x, y, 0.13);
    circle(c, WOOD_DARK, 0.5, 0.52, 0.38);
    circle(c, "#c79a63", 0.5, 0.49, 0.37);
    circle(c, "#d7ad78", 0.5, 0.49, 0.28);
  },
  till(c) {
    rounded(c, WOOD, 0.03, 0.3, 0.94, 0.62, 0.06);
    fill(c, "#c89460", 0.03, 0.3, 0.94, 0.16);
    rounded(c, "#4d5a58", 0.22, 0.08, 0.5, 0.4, 0.05);
    fill(c, "#9fd3b4", 0.28, 0.13, 0.38, 0.13);
    for (let i = 0; i < 6; i++) fill(c, "#dfe5e2", 0.28 + (i % 3) * 0.14, 0.31 + Math.floor(i / 3) * 0.08, 0.1, 0.05);
    circle(c, "#d35c4a", 0.84, 0.3, 0.09);
    circle(c, "#7fa650", 0.84, 0.46, 0.08);
  },
  counter(c) {
    rounded(c, "#8b5a3c", 0.03, 0.22, 0.94, 0.72, 0.06);
    fill(c, "#b67d54", 0.03, 0.22, 0.94, 0.2);
    rounded(c, METAL, 0.1, 0.05, 0.4, 0.36, 0.06);
    fill(c, "#59616a", 0.17, 0.2, 0.26, 0.16);
    cup(c, 0.7, 0.28);
    for (let i = 0; i < 4; i++) fill(c, "#74492f", 0.12 + i * 0.22, 0.5, 0.1, 0.38);
  },
  desk(c) {
    rounded(c, WOOD_DARK, 0.03, 0.26, 0.94, 0.64, 0.05);
    rounded(c, "#c09468", 0.03, 0.22, 0.94, 0.6, 0.05);
    rounded(c, "#33363f", 0.24, 0.06, 0.52, 0.36, 0.04);
    fill(c, "#5b6478", 0.28, 0.1, 0.44, 0.26);
    fill(c, "#33363f", 0.45, 0.42, 0.1, 0.07);
    fill(c, "#e6e2dc", 0.28, 0.55, 0.4, 0.13);
    fill(c, "#fdfdfb", 0.76, 0.5, 0.15, 0.2);
  },
  bench(c) {
    fill(c, "rgba(60, 50, 40, 0.18)", 0.06, 0.76, 0.88, 0.12);
    for (let i = 0; i < 3; i++) rounded(c, i === 1 ? "#b98a5b" : "#a87a4c", 0.04, 0.26 + i * 0.17, 0.92, 0.13, 0.03);
    fill(c, "#5d5652", 0.12, 0.22, 0.07, 0.6);
    fill(c, "#5d5652", 0.81, 0.22, 0.07, 0.6);
  },
};

const USED = {
  shower(c, time) {
    c.fillStyle = "#5aa9d6";
    for (let i = 0; i < 9; i++) {
      const fall = (time * 1.6 + i * 0.37) % 1;
      c.fillRect(0.3 + (i % 3) * 0.18, 0.3 + fall * 0.55, 0.035, 0.1);
    }
  },
  stove(c, time) {
    for (const [x, y] of [[0.3, 0.26], [0.7, 0.26]]) circle(c, "#f08a3c", x, y, 0.1 + 0.015 * Math.sin(time * 9 + x * 5));
    rounded(c, "#46505c", 0.12, 0.14, 0.36, 0.24, 0.1);
    circle(c, "#c9583b", 0.3, 0.26, 0.1);
    c.strokeStyle = "rgba(255, 255, 255, 0.8)";
    c.lineWidth = 0.05;
    for (let i = 0; i < 2; i++) {
      const rise = (time * 0.7 + i * 0.5) % 1;
      c.globalAlpha = 1 - rise;
      c.beginPath();
      c.moveTo(0.24 + i * 0.14, 0.16 - rise * 0.4);
      c.quadraticCurveTo(0.3 + i * 0.14, 0.06 - rise * 0.4, 0.24 + i * 0.14, -0.04 - rise * 0.4);
      c.stroke();
    }
    c.globalAlpha = 1;
  },
  table(c) {
    circle(c, "#ffffff", 0.5, 0.49, 0.19);
    circle(c, "#e8e2d6", 0.5, 0.49, 0.13);
    circle(c, "#c8803c", 0.47, 0.47, 0.08);
    circle(c, "#6f9c4a", 0.56, 0.53, 0.05);
  },
  till(c) { fill(c, "#d9ffe4", 0.28, 0.13, 0.38, 0.13); },
  counter(c) { cup(c, 0.56, 0.32); },
  desk(c, time) {
    fill(c, "#bfe3ff", 0.28, 0.1, 0.44, 0.26);
    c.fillStyle = "#3f6f9e";
    for (let i = 0; i < 3; i++) c.fillRect(0.31, 0.14 + i * 0.07, 0.12 + 0.24 * Math.abs(Math.sin(Math.floor(time * 2) + i * 2)), 0.03);
  },
};

function cup(c, x, y) {
  rounded(c, "#ffffff", x - 0.09, y - 0.08, 0.18, 0.16, 0.04);
  circle(c, "#5a3623", x, y - 0.04, 0.05);
  c.strokeStyle = "#ffffff";
  c.lineWidth = 0.035;
  c.beginPath();
  c.arc(x + 0.11, y, 0.05, -1.4, 1.4);
  c.stroke();
}

function stroke(c, style, x, y, width, height) {
  c.strokeStyle = style;
  c.lineWidth = 0.025;
  c.strokeRect(x, y, width, height);
}
