// The timeline: nights, what happened when, what the chosen agent did, where two recordings differ.

import { colour, fitCanvas } from "./dom.js";
import { darkness } from "./light.js";
import { categoryOf, clock, hour } from "./words.js";

const ACTIVITY = "activity";
const PAD = 10; // the middle of the slider's knob at its ends

export class Timeline {
  /** `slider` lies over the canvas and is what keyboard and screen readers use. */
  constructor(canvas, slider, player) {
    this.canvas = canvas;
    this.slider = slider;
    this.player = player;
    this.found = null; // ticks of events that a search found
    this.differences = null; // share of agents that differ, tick by tick
    slider.step = 1;
    this.fit();
    slider.addEventListener("input", () => player.seek(Number(slider.value)));
    this._still = null;
  }

  /** Takes the ends of the film, which may have grown. */
  fit() {
    this.slider.min = this.player.first;
    this.slider.max = this.player.last;
  }

  /** Forgets what was drawn, after a change of anything but time. */
  renew() { this._still = null; }

  draw(film, selected) {
    const { context, width, height, ratio } = fitCanvas(this.canvas);
    if (width === 0) return;
    const key = `${width} ${height} ${selected} ${film.length}`;
    if (this._still === null || this._key !== key) {
      this._key = key;
      this._still = document.createElement("canvas");
      this._still.width = this.canvas.width;
      this._still.height = this.canvas.height;
      const still = this._still.getContext("2d");
      still.scale(ratio, ratio);
      this._drawStill(still, film, selected, width, height);
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this._still, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const x = this.toX(this.player.position, width);
    context.fillStyle = colour("accent");
    context.fillRect(x - 1, 0, 2, height);
    context.beginPath();
    context.moveTo(x - 6, 0);
    context.lineTo(x + 6, 0);
    context.lineTo(x, 8);
    context.fill();
    const tick = this.player.tick;
    this.slider.value = tick;
    const said = clock(tick, film.scenery.dayTicks);
    if (this._said !== said) this.slider.setAttribute("aria-valuetext", `tick ${tick}, ${said}`);
    this._said = said;
  }

  toX(tick, width) {
    const { first, last } = this.player;
    return PAD + ((tick - first) / Math.max(last - first, 1)) * (width - 2 * PAD);
  }

  /** The tick under a point, with its time in words. */
  at(x, width, film) {
    const { first, last } = this.player;
    const share = Math.min(Math.max((x - PAD) / (width - 2 * PAD), 0), 1);
    const tick = Math.round(first + share * (last - first));
    return { tick, words: `tick ${tick}, ${clock(tick, film.scenery.dayTicks)}` };
  }

  _drawStill(context, film, selected, width, height) {
    context.fillStyle = colour("card");
    context.fillRect(0, 0, width, height);
    this._nights(context, film, width, height);
    this._hours(context, film, width, height);
    const bottom = height - 15;
    this._spans(context, film, width);
    this._counts(context, film, width, bottom);
    if (selected >= 0) this._activities(context, film, selected, width, bottom);
    if (this.differences !== null) this._differences(context, width);
    if (this.found !== null) {
      context.fillStyle = colour("accent");
      for (const tick of this.found) context.fillRect(this.toX(tick, width) - 1, 12, 2, 7);
    }
  }

  _nights(context, film, width, height) {
    context.fillStyle = colour("night");
    for (let x = PAD; x < width - PAD; x++) {
      const dark = darkness(film.timeOfDay(this.at(x, width, film).tick));
      context.globalAlpha = dark * 0.32;
      if (dark > 0) context.fillRect(x, 0, 1, height);
    }
    context.globalAlpha = 1;
  }

  _hours(context, film, width, height) {
    const { first, last } = this.player;
    const day = film.scenery.dayTicks;
    const steps = [day / 24, day / 8, day / 4, day / 2, day, 2 * day, 5 * day, 10 * day, 50 * day, 100 * day, 500 * day];
    const step = steps.find((s) => (s / (last - first)) * (width - 2 * PAD) > 58) ?? 1000 * day;
    context.font = "10px system-ui, sans-serif";
    context.textAlign = "center";
    context.fillStyle = colour("quiet");
    for (let tick = Math.ceil(first / step) * step; tick <= last; tick += step) {
      const x = this.toX(tick, width);
      const words = tick % day < 1e-6 ? `day ${Math.round(tick / day)}` : hour(tick + 1e-6, day);
      context.fillText(words, Math.min(Math.max(x, 18), width - 18), height - 4);
      context.fillRect(x, height - 15, 1, 3);
    }
  }

  /** Outages, closings and high prices as bars from their beginning to their end. */
  _spans(context, film, width) {
    const lasting = { power_off: "power_on", water_off: "water_on", closed: "opened", price_up: "price_down" };
    const colours = { power_off: "trouble", water_off: "hygiene", closed: "routine", price_up: "town" };
    const row = { power_off: 0, water_off: 1, price_up: 2, closed: 2 };
    film.events.forEach((event, i) => {
      const end = lasting[event.kind];
      if (end === undefined) return;
      const later = film.events.slice(i + 1, i + 20_000)
        .find((other) => other.kind === end && other.object === event.object && other.other === event.other);
      const from = this.toX(event.tick, width);
      const to = later ? this.toX(later.tick, width) : width - PAD;
      context.fillStyle = colour(colours[event.kind]);
      context.fillRect(from, 2 + row[event.kind] * 3.5, Math.max(to - from, 2), 2.5);
    });
  }

  /** How much went on: people and routine as a hill, trouble as marks above it. */
  _counts(context, film, width, bottom) {
    const columns = Math.max(Math.floor(width), 1);
    const counts = { people: new Float32Array(columns), trouble: new Float32Array(columns) };
    for (const event of film.events) {
      const kind = counts[categoryOf(event)];
      if (kind) kind[Math.min(Math.floor(this.toX(event.tick, width)), columns - 1)]++;
    }
    const most = Math.max(...counts.people, 1);
    context.fillStyle = colour("people");
    for (let x = 0; x < columns; x++) {
      const tall = counts.people[x] ? 3 + (counts.people[x] / most) * (bottom - 26) : 0;
      context.fillRect(x, bottom - 7 - tall, 1.5, tall);
    }
    context.fillStyle = colour("trouble");
    for (let x = 0; x < columns; x++) {
      if (!counts.trouble[x]) continue;
      const size = Math.min(3 + counts.trouble[x] * 0.5, 6);
      context.beginPath(); // a triangle, so that it is told from the hill without its colour
      context.moveTo(x, 20 - size);
      context.lineTo(x + size, 20 + size * 0.8);
      context.lineTo(x - size, 20 + size * 0.8);
      context.fill();
    }
  }

  _activities(context, film, agent, width, bottom) {
    let start = 0;
    for (let frame = 1; frame <= film.frames; frame++) {
      const now = film.raw("activity", start, agent);
      if (frame < film.frames && film.raw("activity", frame, agent) === now) continue;
      if (now >= 0) {
        const from = this.toX(film.ticks[start], width);
        const to = this.toX(film.ticks[Math.min(frame, film.frames - 1)], width);
        context.fillStyle = colour(`${ACTIVITY}-${film.scenery.affordanceKinds[now]}`);
        context.fillRect(from, bottom - 6, Math.max(to - from, 1), 6);
      }
      start = frame;
    }
  }

  /** Share of agents that differ: a hill that hangs from the top. */
  _differences(context, width) {
    context.fillStyle = "#d55e00";
    context.globalAlpha = 0.75;
    const wide = Math.max(width / Math.max(this.differences.length, 1), 1) + 0.5;
    for (const { tick, share } of this.differences) {
      if (share > 0) context.fillRect(this.toX(tick, width), 0, wide, 1 + share * 12);
    }
    context.globalAlpha = 1;
  }
}
