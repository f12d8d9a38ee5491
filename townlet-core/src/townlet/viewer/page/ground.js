// The ground of a town: grass, streets, water, floors, walls. Drawn once for each scale; one tile is one unit.

import { FLOORS, GROUND, scatter } from "./palette.js";
import { drawThing } from "./things.js";

/** Draws everything that never changes. */
export function drawGround(context, scenery) {
  const tiles = scenery.ground;
  const at = (y, x) => tiles[y]?.[x] ?? "#";
  const hedge = outerWalls(tiles);
  const use = roomOfTiles(scenery);
  for (let y = 0; y < tiles.length; y++) {
    for (let x = 0; x < tiles[y].length; x++) {
      const tile = at(y, x);
      if (tile === ",") grass(context, y, x);
      else if (tile === "~") water(context, y, x, at);
      else if (tile === "_") floor(context, y, x, use.get(y * tiles[y].length + x) ?? "room");
      else if (tile === ".") street(context, y, x, at);
    }
  }
  doorways(context, at, tiles);
  for (let y = 0; y < tiles.length; y++) {
    for (let x = 0; x < tiles[y].length; x++) {
      if (at(y, x) !== "#") continue;
      if (hedge.has(y * tiles[y].length + x)) drawHedge(context, y, x);
      else wall(context, y, x, at);
    }
  }
  for (const thing of scenery.objects) drawThing(context, thing, at);
}

function grass(context, y, x) {
  box(context, y, x, GROUND.grass);
  const chance = scatter(y, x);
  context.strokeStyle = GROUND.grassDark;
  context.lineWidth = 0.05;
  for (let i = 0; i < (chance & 3); i++) {
    const px = x + 0.15 + ((chance >> (3 + 5 * i)) & 31) / 45;
    const py = y + 0.25 + ((chance >> (5 + 4 * i)) & 15) / 24;
    context.beginPath();
    context.moveTo(px - 0.07, py - 0.1);
    context.lineTo(px, py);
    context.lineTo(px + 0.07, py - 0.12);
    context.stroke();
  }
  if (chance % 13 === 0) {
    context.fillStyle = GROUND.flower[(chance >> 8) % 3];
    for (let i = 0; i < 3; i++) disc(context, y + 0.3 + ((chance >> (9 + 3 * i)) & 7) / 16, x + 0.25 + ((chance >> (12 + 3 * i)) & 7) / 14, 0.06);
  }
}

function water(context, y, x, at) {
  box(context, y, x, GROUND.water);
  const chance = scatter(x, y);
  context.strokeStyle = GROUND.ripple;
  context.lineWidth = 0.06;
  if (chance % 3 === 0) {
    const px = x + 0.1 + (chance % 7) / 20;
    const py = y + 0.3 + (chance % 5) / 10;
    context.beginPath();
    context.moveTo(px, py);
    context.quadraticCurveTo(px + 0.15, py - 0.12, px + 0.3, py);
    context.quadraticCurveTo(px + 0.45, py + 0.12, px + 0.6, py);
    context.stroke();
  }
  context.fillStyle = GROUND.bank;
  for (const [dy, dx] of [[-1, 0], [1, 0], [0, -1], [0, 1]]) {
    if (at(y + dy, x + dx) !== "," ) continue;
    if (dx) context.fillRect(dx < 0 ? x : x + 0.9, y, 0.1, 1.01);
    else context.fillRect(x, dy < 0 ? y : y + 0.9, 1.01, 0.1);
  }
}

function street(context, y, x, at) {
  if (isBridge(y, x, at)) {
    box(context, y, x, GROUND.plank);
    context.fillStyle = GROUND.plankJoint;
    for (let i = 0; i < 3; i++) context.fillRect(x + i / 3, y, 0.04, 1);
    if (at(y - 1, x) === "~") context.fillRect(x, y, 1.01, 0.12);
    if (at(y + 1, x) === "~") context.fillRect(x, y + 0.88, 1.01, 0.12);
    return;
  }
  box(context, y, x, GROUND.street);
  context.fillStyle = GROUND.joint;
  context.fillRect(x, y, 1, 0.03);
  context.fillRect(x + (y % 2 ? 0.5 : 0), y, 0.03, 1);
  context.fillStyle = "#cdc3ae";
  for (const [dy, dx] of [[-1, 0], [1, 0], [0, -1], [0, 1]]) {
    if (at(y + dy, x + dx) !== ",") continue;
    if (dx) context.fillRect(dx < 0 ? x : x + 0.9, y, 0.1, 1.01);
    else context.fillRect(x, dy < 0 ? y : y + 0.9, 1.01, 0.1);
  }
}

function isBridge(y, x, at) {
  const over = (step) => { // water within two tiles along the column
    for (let i = 1; i <= 2; i++) {
      if (at(y + step * i, x) === "~") return true;
      if (at(y + step * i, x) !== ".") return false;
    }
    return false;
  };
  return over(-1) && over(1);
}

function floor(context, y, x, use) {
  const [light, dark] = FLOORS[use] ?? FLOORS.room;
  box(context, y, x, light);
  context.fillStyle = dark;
  if (use === "home" || use === "cafe") { // boards
    for (let i = 0; i < 2; i++) context.fillRect(x, y + i / 2, 1.01, 0.035);
    context.fillRect(x + ((scatter(y, x) % 5) / 6 + 0.1), y, 0.035, 0.5);
    context.fillRect(x + ((scatter(x, y) % 5) / 6 + 0.1), y + 0.5, 0.035, 0.5);
  } else if (use === "kitchen" || use === "baths") { // tiles
    context.fillRect(x, y, 0.5, 0.5);
    context.fillRect(x + 0.5, y + 0.5, 0.5, 0.5);
  } else {
    context.fillRect(x, y, 1.01, 0.03);
    context.fillRect(x, y, 0.03, 1.01);
  }
}

function doorways(context, at, tiles) { // floor between walls: a mat
  context.fillStyle = "rgba(110, 84, 60, 0.35)";
  for (let y = 1; y < tiles.length - 1; y++) {
    for (let x = 1; x < tiles[y].length - 1; x++) {
      if (at(y, x) !== "_") continue;
      const sill = (at(y - 1, x) === "." || at(y + 1, x) === ".") && at(y - 1, x) !== "#" && at(y + 1, x) !== "#";
      if (sill) context.fillRect(x + 0.04, y + 0.22, 0.92, 0.56);
    }
  }
}

function wall(context, y, x, at) {
  const open = at(y + 1, x) !== "#";
  box(context, y, x, GROUND.wallTop);
  context.fillStyle = GROUND.wall;
  if (at(y - 1, x) !== "#") context.fillRect(x, y, 1.01, 0.1);
  if (at(y, x - 1) !== "#") context.fillRect(x, y, 0.1, 1.01);
  if (at(y, x + 1) !== "#") context.fillRect(x + 0.9, y, 0.1, 1.01);
  if (!open) return;
  context.fillStyle = GROUND.wallFace; // the side that faces south, and its shadow
  context.fillRect(x, y + 0.55, 1.01, 0.46);
  context.fillStyle = "rgba(255, 255, 255, 0.08)";
  context.fillRect(x, y + 0.76, 1.01, 0.03);
  context.fillStyle = "rgba(50, 35, 30, 0.16)";
  context.fillRect(x, y + 1, 1.01, 0.22);
}

function drawHedge(context, y, x) {
  box(context, y, x, GROUND.hedge);
  const chance = scatter(y * 3, x * 7);
  context.fillStyle = GROUND.hedgeDark;
  disc(context, y + 0.6, x + 0.5, 0.42);
  context.fillStyle = chance % 2 ? GROUND.hedgeTop : "#8aa868";
  disc(context, y + 0.42, x + 0.3 + (chance % 5) / 12, 0.33);
  context.fillStyle = "rgba(255, 255, 255, 0.14)";
  disc(context, y + 0.32, x + 0.25 + (chance % 5) / 12, 0.12);
}

/** Tiles of the wall around the town, as row * width + column: they are drawn as a hedge. */
function outerWalls(tiles) {
  const width = tiles[0].length;
  const found = new Set();
  for (let y = 0; y < tiles.length; y++) {
    for (let x = 0; x < width; x++) {
      const edge = y === 0 || x === 0 || y === tiles.length - 1 || x === width - 1;
      if (edge && tiles[y][x] === "#") found.add(y * width + x);
    }
  }
  return found;
}

function roomOfTiles(scenery) {
  const width = scenery.ground[0].length;
  const uses = new Map();
  for (const room of scenery.rooms) {
    const [top, left, bottom, right] = room.box;
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) if (scenery.ground[y][x] === "_") uses.set(y * width + x, room.use);
    }
  }
  return uses;
}

function box(context, y, x, fill) {
  context.fillStyle = fill;
  context.fillRect(x, y, 1.01, 1.01);
}

function disc(context, y, x, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}
