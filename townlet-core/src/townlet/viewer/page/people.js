// People: figures with clothes, hair and a face that shows their mood; drawn once for each look, then copied.

import { HAIR, INK, SKIN, clothes, scatter } from "./palette.js";
import { circle, ellipse, rounded } from "./shapes.js";

const BOX = 1.6; // tiles of a sprite's sides; the figure stands on its middle

/** Copies of drawn people, by what they look like. */
export class Wardrobe {
  constructor() {
    this._scale = 0;
    this._sprites = new Map();
  }

  /** The picture of somebody at a scale (device pixels a tile): {mood: 0 to 3, pose: stand, walk1, walk2, sleep, faint, wash}. */
  sprite(slot, life, mood, pose, scale) {
    const size = Math.max(Math.round(scale * largerThanLife(scale)), 1);
    if (size !== this._scale) {
      this._scale = size;
      this._sprites.clear();
    }
    const key = ((slot * 64 + (life % 64)) * 4 + mood) * 8 + POSES.indexOf(pose);
    let made = this._sprites.get(key);
    if (made === undefined) {
      if (this._sprites.size > 6000) this._sprites.clear();
      made = document.createElement("canvas");
      made.width = made.height = Math.ceil(BOX * size);
      const context = made.getContext("2d");
      context.scale(size, size);
      context.translate(BOX / 2, BOX / 2);
      if (size < 9) drawDot(context, slot, mood);
      else drawFigure(context, slot, life, mood, pose);
      this._sprites.set(key, made);
    }
    return made;
  }

  /** Draws a sprite with its middle at a tile's coordinates; the context has one unit a tile. */
  draw(context, sprite, y, x, scale) {
    const side = BOX * largerThanLife(scale);
    context.drawImage(sprite, x - side / 2, y - side / 2 - (side - BOX) * 0.2, side, side);
  }
}

/** From afar people are drawn larger than the tile they stand on, or one would not see them. */
export function largerThanLife(scale) {
  return Math.min(Math.max(30 / scale, 1), 1.65);
}

const POSES = ["stand", "walk1", "walk2", "sleep", "faint", "wash"];

function drawDot(c, slot, mood) {
  circle(c, "#ffffff", 0, 0, 0.5);
  circle(c, clothes(slot), 0, 0, 0.42);
  if (mood < 2) circle(c, mood === 1 ? "#ffe08a" : "#ffffff", 0, 0, 0.2);
}

function drawFigure(c, slot, life, mood, pose) {
  const look = scatter(slot, life);
  const skin = SKIN[look % SKIN.length];
  const hair = HAIR[(look >> 4) % HAIR.length];
  if (pose === "sleep") {
    sleeper(c, slot, skin, hair);
    return;
  }
  c.save();
  if (pose === "faint") c.rotate(Math.PI / 2);
  ellipse(c, "rgba(30, 20, 20, 0.22)", 0, 0.44, 0.3, 0.1);
  const swing = pose === "walk1" ? 0.1 : pose === "walk2" ? -0.1 : 0;
  const trousers = ["#3d4660", "#5a4a42", "#47523f", "#4a4a4f"][(look >> 8) % 4];
  rounded(c, trousers, -0.13 + swing * 0.4, 0.22, 0.11, 0.22 - Math.max(swing, 0), 0.03);
  rounded(c, trousers, 0.02 - swing * 0.4, 0.22, 0.11, 0.22 + Math.min(swing, 0), 0.03);
  if (pose === "wash") body(c, skin, swing);
  else body(c, clothes(slot), swing);
  arm(c, skin, clothes(slot), -1, swing);
  arm(c, skin, clothes(slot), 1, -swing);
  head(c, skin, hair, look, mood, pose === "faint");
  c.restore();
}

function body(c, style) {
  c.fillStyle = style;
  c.strokeStyle = "rgba(30, 20, 20, 0.35)";
  c.lineWidth = 0.03;
  c.beginPath();
  c.roundRect(-0.2, -0.12, 0.4, 0.42, [0.16, 0.16, 0.08, 0.08]);
  c.fill();
  c.stroke();
}

function arm(c, skin, sleeve, side, swing) {
  c.lineCap = "round";
  c.lineWidth = 0.1;
  c.strokeStyle = sleeve;
  c.beginPath();
  c.moveTo(side * 0.2, -0.02);
  c.lineTo(side * 0.25, 0.14 + swing);
  c.stroke();
  circle(c, skin, side * 0.25, 0.2 + swing, 0.055);
}

function head(c, skin, hair, look, mood, fainted) {
  const style = (look >> 12) % 3;
  if (style === 2) {
    c.fillStyle = hair;
    c.beginPath();
    c.roundRect(-0.25, -0.4, 0.5, 0.36, 0.16); // long hair behind
    c.fill();
  }
  circle(c, "rgba(30, 20, 20, 0.35)", 0, -0.28, 0.235);
  circle(c, skin, 0, -0.28, 0.22);
  c.fillStyle = hair;
  c.beginPath();
  c.arc(0, -0.3, 0.225, Math.PI * (style === 1 ? 0.95 : 1.02), Math.PI * (style === 1 ? 2.05 : 1.98));
  c.quadraticCurveTo(style === 0 ? 0.05 : -0.06, -0.42, -0.22, -0.3);
  c.fill();
  if (style === 1) circle(c, hair, 0, -0.55, 0.09); // a bun
  face(c, mood, fainted);
}

function face(c, mood, fainted) {
  c.strokeStyle = c.fillStyle = INK;
  c.lineWidth = 0.035;
  c.lineCap = "round";
  for (const side of [-1, 1]) {
    if (fainted) {
      cross(c, side * 0.085, -0.28, 0.03);
    } else if (mood === 3) {
      c.beginPath();
      c.arc(side * 0.085, -0.26, 0.035, Math.PI, 2 * Math.PI);
      c.stroke();
    } else circle(c, INK, side * 0.085, -0.28, 0.028);
  }
  c.beginPath();
  if (mood === 3) c.arc(0, -0.21, 0.07, 0.15 * Math.PI, 0.85 * Math.PI);
  else if (mood === 2) {
    c.moveTo(-0.05, -0.16);
    c.quadraticCurveTo(0, -0.145, 0.05, -0.16);
  } else c.arc(0, mood === 1 ? -0.11 : -0.1, mood === 1 ? 0.06 : 0.07, 1.15 * Math.PI, 1.85 * Math.PI);
  c.stroke();
  if (mood === 0 && !fainted) circle(c, "#5aa9e6", 0.13, -0.2, 0.035); // a tear
}

function sleeper(c, slot, skin, hair) {
  circle(c, hair, 0, -0.27, 0.17);
  circle(c, skin, 0, -0.24, 0.15);
  c.strokeStyle = INK;
  c.lineWidth = 0.03;
  for (const side of [-1, 1]) {
    c.beginPath();
    c.arc(side * 0.06, -0.25, 0.03, 0, Math.PI);
    c.stroke();
  }
  c.fillStyle = clothes(slot);
  c.beginPath();
  c.roundRect(-0.35, -0.1, 0.7, 0.55, 0.07);
  c.fill();
  c.fillStyle = "rgba(255, 255, 255, 0.35)";
  c.fillRect(-0.35, -0.1, 0.7, 0.09);
  ellipse(c, "rgba(255, 255, 255, 0.12)", 0, 0.16, 0.18, 0.22);
}

/** A round badge above somebody's head that shows what it does; `kind` is a facility kind, chat, or a number. */
export function drawBadge(c, kind, y, x, time, scale) {
  const size = largerThanLife(scale);
  c.save();
  c.translate(x + 0.32 * size, y - 0.62 * size);
  c.scale(size, size);
  circle(c, "rgba(30, 20, 20, 0.25)", 0.01, 0.03, 0.23);
  circle(c, "#ffffff", 0, 0, 0.22);
  c.strokeStyle = c.fillStyle = INK;
  c.lineWidth = 0.045;
  c.lineCap = "round";
  (BADGES[kind] ?? number(kind))(c, time);
  c.restore();
}

const BADGES = {
  bed(c, time) {
    const text = "z".repeat(1 + (Math.floor(time * 1.2) % 3));
    letters(c, text, 0.2);
  },
  shower(c) {
    c.fillStyle = "#2f86c0";
    for (const [x, y] of [[-0.08, -0.02], [0.08, -0.02], [0, 0.08]]) drop(c, x, y, 0.055);
  },
  stove(c) {
    rounded(c, INK, -0.12, -0.02, 0.19, 0.08, 0.03);
    line(c, 0.07, 0.0, 0.15, -0.06);
    line(c, -0.06, -0.07, -0.06, -0.12);
    line(c, 0.02, -0.07, 0.02, -0.12);
  },
  table(c) {
    line(c, -0.07, -0.12, -0.07, 0.12);
    line(c, -0.11, -0.12, -0.11, -0.04);
    line(c, -0.03, -0.12, -0.03, -0.04);
    line(c, 0.08, -0.12, 0.08, 0.12);
    ellipse(c, INK, 0.08, -0.07, 0.035, 0.06);
  },
  till(c) { basket(c); },
  counter(c) { basket(c); },
  desk(c) {
    rounded(c, INK, -0.1, -0.09, 0.2, 0.13, 0.03);
    line(c, -0.13, 0.1, 0.13, 0.1);
    rounded(c, "#bfe3ff", -0.07, -0.06, 0.14, 0.07, 0.03);
  },
  bench(c) {
    line(c, -0.12, 0.0, 0.12, 0.0);
    line(c, -0.09, 0.0, -0.09, 0.1);
    line(c, 0.09, 0.0, 0.09, 0.1);
  },
  chat(c, time) {
    for (let i = 0; i < 3; i++) circle(c, INK, -0.1 + i * 0.1, Math.sin(time * 6 + i) * 0.02, 0.035);
  },
};

function number(text) {
  return (c) => letters(c, String(text), 0.26);
}

function letters(c, text, size) {
  c.save();
  c.scale(size / 10, size / 10); // fonts below a pixel are not drawn by some browsers
  c.font = "bold 10px system-ui, sans-serif";
  c.textAlign = "center";
  c.textBaseline = "middle";
  c.fillText(text, 0, 0.5);
  c.restore();
}

function basket(c) {
  line(c, -0.12, -0.03, 0.12, -0.03);
  line(c, -0.12, -0.03, -0.08, 0.1);
  line(c, 0.12, -0.03, 0.08, 0.1);
  line(c, -0.08, 0.1, 0.08, 0.1);
  line(c, -0.06, -0.03, 0, -0.13);
  line(c, 0.06, -0.03, 0, -0.13);
}

function line(c, x1, y1, x2, y2) {
  c.beginPath();
  c.moveTo(x1, y1);
  c.lineTo(x2, y2);
  c.stroke();
}

function cross(c, x, y, half) {
  line(c, x - half, y - half, x + half, y + half);
  line(c, x - half, y + half, x + half, y - half);
}

function drop(c, x, y, size) {
  c.beginPath();
  c.moveTo(x, y - size * 1.5);
  c.quadraticCurveTo(x + size * 1.2, y, x, y + size);
  c.quadraticCurveTo(x - size * 1.2, y, x, y - size * 1.5);
  c.fill();
}
