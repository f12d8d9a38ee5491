// The map: a canvas that shows one film at a moment, with people between two ticks where they walk.

import { fitCanvas } from "./dom.js";
import { FAINT } from "./film.js";
import { drawGround } from "./ground.js";
import { Night } from "./light.js";
import { GROUND, clothes } from "./palette.js";
import { Wardrobe, drawBadge, largerThanLife } from "./people.js";
import { drawClosed, drawInUse } from "./things.js";
import { mood, nameOf, plain } from "./words.js";

const GROUND_PIXELS = 4096; // of the longer side of the drawn ground, at most
const TRAIL = 40;

export class TownView {
  /** `stage` is shared by towns side by side: {player, camera, selected, ties, calm}. */
  constructor(canvas, film, stage) {
    this.canvas = canvas;
    this.film = film;
    this.stage = stage;
    this.marked = new Set(); // agents that differ from the other recording
    this.hovered = -1;
    this._wardrobe = new Wardrobe();
    this._night = new Night(film);
    this._ground = null;
    this._groundScale = 0;
    this._use = { frame: -1, found: [] };
    this._chats = noteChats(film.events, new Map());
    this._spots = [];
  }

  /** Shows another film of the same town. */
  take(film) {
    this.film = film;
    this._night = new Night(film);
    this._use = { frame: -1, found: [] };
    this._chats = noteChats(film.events, new Map());
    this._spots = [];
  }

  /** The film has grown by these events. */
  grown(events) { noteChats(events, this._chats); }

  get size() {
    return { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
  }

  /** Draws the moment of the player; `time` in seconds moves what is alive between ticks. */
  draw(time) {
    const { film, stage } = this;
    const { context, width, height, ratio } = fitCanvas(this.canvas);
    if (width === 0 || height === 0) return;
    const position = Math.min(Math.max(stage.player.position, film.first), film.last);
    const frame = film.frameAt(position);
    this._place(frame, position);
    const { camera } = stage;
    context.fillStyle = GROUND.beyond;
    context.fillRect(0, 0, width, height);
    const scale = camera.scale * ratio;
    context.setTransform(scale, 0, 0, scale, (width / 2) * ratio - camera.x * scale, (height / 2) * ratio - camera.y * scale);
    this._drawGround(context, scale);
    this._drawUse(context, frame, time);
    if (stage.selected >= 0) this._drawAttention(context, frame);
    this._drawPeople(context, frame, time, scale);
    this._drawNight(context, frame);
    this._drawTies(context, frame);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this._drawWords(context, width, height, scale);
  }

  /** The agent under a point of the view, -1 without one. */
  agentAt(px, py) {
    const { width, height } = this.size;
    const spot = this.stage.camera.toTiles(px, py, width, height);
    const reach = Math.max(0.7, 12 / this.stage.camera.scale);
    let best = -1;
    let least = reach * reach;
    this._spots.forEach((at, agent) => {
      if (!at) return;
      const distance = (at.x - spot.x) ** 2 + (at.y - 0.1 - spot.y) ** 2;
      if (distance < least) [best, least] = [agent, distance];
    });
    return best;
  }

  /** The facility under a point of the view, -1 without one. */
  objectAt(px, py) {
    const { width, height } = this.size;
    const spot = this.stage.camera.toTiles(px, py, width, height);
    return this.film.scenery.objects.findIndex((o) => o.y === Math.floor(spot.y) && o.x === Math.floor(spot.x));
  }

  /** Where an agent is drawn now, in tiles: {x, y}, or undefined. */
  spotOf(agent) { return this._spots[agent]; }

  useAt(frame) {
    if (this._use.frame !== frame) this._use = { frame, found: this.film.useOfObjects(frame) };
    return this._use.found;
  }

  /** Finds where everybody is drawn: on the tile, or on the way to the next. */
  _place(frame, position) {
    const { film, stage } = this;
    const next = Math.min(frame + 1, film.frames - 1);
    const span = film.ticks[next] - film.ticks[frame];
    const share = stage.calm || span === 0 ? 0 : Math.min((position - film.ticks[frame]) / span, 1);
    const reach = Math.max(span, 1) * 1.5;
    this._spots = new Array(film.agents);
    for (let a = 0; a < film.agents; a++) {
      if (!film.present(frame, a)) continue;
      const y = film.raw("y", frame, a);
      const x = film.raw("x", frame, a);
      let dy = 0;
      let dx = 0;
      if (share > 0 && film.present(next, a)) {
        dy = film.raw("y", next, a) - y;
        dx = film.raw("x", next, a) - x;
        if (Math.abs(dy) + Math.abs(dx) > reach) dy = dx = 0; // carried elsewhere, not walked
      }
      this._spots[a] = { y: y + 0.5 + dy * share, x: x + 0.5 + dx * share, moves: dy !== 0 || dx !== 0 };
    }
  }

  _drawGround(context, scale) {
    const { film } = this;
    const most = GROUND_PIXELS / Math.max(film.width, film.height);
    const wanted = Math.max(Math.min(scale, most), 2);
    if (this._ground === null || wanted > this._groundScale * 1.3 || wanted < this._groundScale * 0.4) {
      this._ground = document.createElement("canvas");
      this._groundScale = wanted;
      this._ground.width = Math.ceil(film.width * wanted);
      this._ground.height = Math.ceil(film.height * wanted);
      const ground = this._ground.getContext("2d");
      ground.scale(wanted, wanted);
      drawGround(ground, film.scenery);
    }
    context.drawImage(this._ground, 0, 0, this._ground.width / this._groundScale, this._ground.height / this._groundScale);
  }

  _drawUse(context, frame, time) {
    const { film } = this;
    const use = this.useAt(frame);
    film.scenery.objects.forEach((thing, o) => {
      if (film.raw("closed", frame, o)) drawClosed(context, thing);
      else if (use[o].user >= 0) drawInUse(context, thing, this.stage.calm ? 0 : time);
      this._drawQueue(context, thing, use[o].queue);
    });
  }

  /** A row of coloured beads at the top of a facility: who waits, the first at the left. */
  _drawQueue(context, thing, queue) {
    queue.forEach((agent, place) => {
      context.beginPath();
      context.arc(thing.x + 0.12 + place * 0.19, thing.y + 0.04, 0.1, 0, 2 * Math.PI);
      context.fillStyle = clothes(agent);
      context.fill();
      context.lineWidth = 0.03;
      context.strokeStyle = "#ffffff";
      context.stroke();
    });
  }

  /** What the selected agent sees, and the way it came. */
  _drawAttention(context, frame) {
    const { film, stage } = this;
    const at = this._spots[stage.selected];
    if (!at) return;
    context.strokeStyle = "#0b62c4";
    context.lineWidth = 0.12;
    context.lineCap = context.lineJoin = "round";
    const points = [];
    for (let f = Math.max(frame - TRAIL, 0); f <= frame; f++) {
      if (film.present(f, stage.selected)) points.push([film.raw("y", f, stage.selected) + 0.5, film.raw("x", f, stage.selected) + 0.5]);
    }
    points.push([at.y, at.x]);
    for (let i = 1; i < points.length; i++) {
      const [y1, x1] = points[i - 1];
      const [y2, x2] = points[i];
      if (Math.abs(y1 - y2) + Math.abs(x1 - x2) > 2 * film.about.stride) continue;
      context.globalAlpha = (0.6 * i) / points.length;
      context.beginPath();
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
      context.stroke();
    }
    context.globalAlpha = 1;
    const [high, wide] = film.scenery.window;
    if (high > 1 && wide > 1) {
      context.setLineDash([0.35, 0.3]);
      context.lineWidth = 0.07;
      context.strokeStyle = "rgba(46, 42, 43, 0.55)";
      context.strokeRect(at.x - wide / 2, at.y - high / 2, wide, high);
      context.setLineDash([]);
    }
    context.strokeStyle = "#ffffff";
    context.lineWidth = 0.2;
    ring(context, at, 0.52);
    context.strokeStyle = "#0b62c4";
    context.lineWidth = 0.1;
    ring(context, at, 0.52);
  }

  _drawPeople(context, frame, time, scale) {
    const { film, stage } = this;
    const order = [];
    this._spots.forEach((at, agent) => { if (at) order.push(agent); });
    order.sort((a, b) => this._spots[a].y - this._spots[b].y);
    const badges = scale >= 15;
    const chatting = this._chats.get(film.ticks[frame]);
    for (const agent of order) {
      const at = this._spots[agent];
      const fainted = film.has(frame, agent, FAINT);
      const pose = fainted ? "faint" : this._pose(frame, agent, at, time);
      const bob = at.moves && !stage.calm ? Math.abs(Math.sin(time * 9 + agent)) * 0.05 : 0;
      const sprite = this._wardrobe.sprite(agent, film.raw("life", frame, agent), mood(film.leastNeed(frame, agent)), pose, scale);
      this._wardrobe.draw(context, sprite, at.y - bob, at.x, scale);
      if (this.marked.has(agent)) {
        context.strokeStyle = "#d55e00";
        context.lineWidth = 0.09;
        context.setLineDash([0.22, 0.16]);
        ring(context, at, 0.62);
        context.setLineDash([]);
      }
      const badge = badges ? this._badge(frame, agent, chatting) : null;
      if (badge !== null) drawBadge(context, badge, at.y, at.x, stage.calm ? 0 : time + agent, scale);
    }
  }

  _pose(frame, agent, at, time) {
    if (at.moves) return Math.floor(time * 6 + agent) % 2 ? "walk1" : "walk2";
    const activity = this.film.raw("activity", frame, agent);
    if (activity < 0) return "stand";
    const kind = this.film.scenery.affordanceKinds[activity];
    return kind === "bed" ? "sleep" : kind === "shower" ? "wash" : "stand";
  }

  _badge(frame, agent, chatting) {
    const { film } = this;
    if (chatting?.has(agent)) return "chat";
    const place = film.raw("place", frame, agent);
    if (place > 0) return place;
    const activity = film.raw("activity", frame, agent);
    return activity >= 0 ? film.scenery.affordanceKinds[activity] : null;
  }

  _drawNight(context, frame) {
    const picture = this._night.picture(frame);
    if (picture === null) return;
    const { width, height } = this.film;
    context.fillStyle = this._night.shade(frame);
    for (const [x, y, w, h] of [[-width, -height, 3 * width, height], [-width, height, 3 * width, height], [-width, 0, width, height], [width, 0, width, height]]) {
      context.fillRect(x, y, w, h);
    }
    context.drawImage(picture, 0, 0, width, height);
    context.fillStyle = "#ffe9a8";
    for (const [y, x] of this._night.lampsBurning(frame)) {
      context.beginPath();
      context.arc(x + 0.5, y + 0.5, 0.14, 0, 2 * Math.PI);
      context.fill();
    }
  }

  /** Ties of the selected agent, or of everybody where they are asked for. */
  _drawTies(context, frame) {
    const { film, stage } = this;
    if (!stage.ties) return;
    const tick = film.ticks[frame];
    const people = stage.selected >= 0 ? [stage.selected] : this._spots.map((at, agent) => (at ? agent : -1));
    for (const agent of people) {
      const from = this._spots[agent];
      if (!from) continue;
      for (const tie of film.tiesOf(agent, tick)) {
        const to = this._spots[tie.other];
        const rival = tie.rivalry > tie.trust;
        const strength = Math.min(Math.abs(rival ? tie.rivalry : tie.trust) + 0.3 * tie.familiarity, 1);
        if (!to || strength < 0.08) continue;
        context.strokeStyle = rival ? "#d55e00" : "#009e73";
        context.globalAlpha = stage.selected >= 0 ? 0.9 : 0.45;
        context.lineWidth = 0.06 + strength * 0.2;
        if (rival) context.setLineDash([0.4, 0.25]);
        context.beginPath();
        context.moveTo(from.x, from.y);
        context.quadraticCurveTo((from.x + to.x) / 2 + (to.y - from.y) * 0.12, (from.y + to.y) / 2 - (to.x - from.x) * 0.12, to.x, to.y);
        context.stroke();
        context.setLineDash([]);
      }
    }
    context.globalAlpha = 1;
  }

  /** Names of rooms and people, in pixels, so that they stay sharp and of a size. */
  _drawWords(context, width, height, scale) {
    const { film, stage } = this;
    const { camera } = stage;
    context.textAlign = "center";
    context.textBaseline = "middle";
    if (camera.scale >= 7) {
      context.font = `600 ${Math.min(Math.max(camera.scale * 0.62, 10), 15)}px system-ui, sans-serif`;
      for (const room of film.scenery.rooms) {
        if (!room.label) continue;
        const [top, left, , right] = room.box;
        const at = camera.toView((left + right + 1) / 2, top - 0.28, width, height);
        sign(context, plain(room.label), at.x, at.y);
      }
    }
    const few = this._spots.length <= 40 || camera.scale >= 20;
    context.font = `${Math.min(Math.max(camera.scale * 0.5, 9.5), 13)}px system-ui, sans-serif`;
    this._spots.forEach((at, agent) => {
      if (!at) return;
      const chosen = agent === stage.selected || agent === this.hovered;
      if (!chosen && (camera.scale < 11 || !few)) return;
      const view = camera.toView(at.x, at.y + 0.5 * largerThanLife(scale), width, height);
      if (view.x < -60 || view.y < -20 || view.x > width + 60 || view.y > height + 20) return;
      nameTag(context, nameOf(film, agent), view.x, view.y + 6, chosen);
    });
  }
}

function ring(context, at, radius) {
  context.beginPath();
  context.arc(at.x, at.y, radius, 0, 2 * Math.PI);
  context.stroke();
}

function sign(context, text, x, y) {
  const wide = context.measureText(text).width + 12;
  context.fillStyle = "rgba(60, 50, 46, 0.82)";
  context.beginPath();
  context.roundRect(x - wide / 2, y - 9, wide, 18, 5);
  context.fill();
  context.fillStyle = "#fff8ea";
  context.fillText(text, x, y + 0.5);
}

function nameTag(context, text, x, y, chosen) {
  if (chosen) {
    const wide = context.measureText(text).width + 10;
    context.fillStyle = "#0b62c4";
    context.beginPath();
    context.roundRect(x - wide / 2, y - 7.5, wide, 15, 4);
    context.fill();
  } else {
    context.lineWidth = 3;
    context.lineJoin = "round";
    context.strokeStyle = "rgba(255, 253, 248, 0.85)";
    context.strokeText(text, x, y + 0.5);
  }
  context.fillStyle = chosen ? "#ffffff" : "#2e2a2b";
  context.fillText(text, x, y + 0.5);
}

/** Who is seen chatting at which tick: for some ticks after the chat, so that one can see it. */
function noteChats(events, found) {
  for (const event of events) {
    if (event.kind !== "chat_ok") continue;
    for (let tick = event.tick; tick < event.tick + 5; tick++) {
      if (!found.has(tick)) found.set(tick, new Set());
      found.get(tick).add(event.agent);
      if (event.other >= 0) found.get(tick).add(event.other);
    }
  }
  return found;
}
