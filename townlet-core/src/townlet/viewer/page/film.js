// One recorded town: what never changes, and what each frame holds.

import { Plans } from "./plans.js";
import { lastAtOrBefore } from "./search.js";

export const FAINT = 1;
export const IN_SHIFT = 2;
export const ON_SITE = 4;
export const LAST_OK = 8;
const POWER = 1;
const WATER = 2;
export const NEEDS = ["hunger", "energy", "hygiene"];

export class Film {
  constructor(title, about, parts) {
    this.title = title;
    this.about = about;
    this.scenery = parts.scenery;
    this.columns = parts.frames.columns;
    this.steps = parts.frames.about.steps;
    this.ticks = this.columns.tick.data;
    this.agents = this.scenery.agents.length;
    this.events = readEvents(parts.events);
    this.kpis = parts.kpis;
    this.ties = readTies(parts.ties);
    this.plans = new Plans(parts.plans);
    this.thoughts = null;
    this.index = new Map(this.scenery.agents.map((name, number) => [name, number]));
    this.width = this.scenery.ground[0].length;
    this.height = this.scenery.ground.length;
  }

  get frames() { return this.ticks.length; }
  /** What the timeline was drawn for: changes where it must be drawn anew. */
  get length() { return this.frames; }
  get first() { return this.ticks[0]; }
  get last() { return this.ticks[this.frames - 1]; }

  /** Where the town is built, with a margin, in tiles: [top, left, bottom, right]. */
  builtBox(margin = 2.5) {
    const { rooms, objects } = this.scenery;
    const ys = [...rooms.flatMap(({ box }) => [box[0], box[2]]), ...objects.map(({ y }) => y)];
    const xs = [...rooms.flatMap(({ box }) => [box[1], box[3]]), ...objects.map(({ x }) => x)];
    const least = (numbers) => Math.max(numbers.reduce((a, b) => Math.min(a, b), Infinity) - margin, 0);
    const most = (numbers, end) => Math.min(numbers.reduce((a, b) => Math.max(a, b), 0) + 1 + margin, end);
    return [least(ys), least(xs), most(ys, this.height), most(xs, this.width)];
  }

  /** The last frame at or before a tick. */
  frameAt(tick) {
    const guess = Math.floor((tick - this.first) / this.about.stride);
    if (guess >= 0 && guess < this.frames - 1 && this.ticks[guess] <= tick && tick < this.ticks[guess + 1]) return guess;
    return Math.max(lastAtOrBefore(this.ticks, tick), 0);
  }

  /** The number in a column, in its unit: of agent or object `i` at a frame. */
  at(name, frame, i = 0) {
    const column = this.columns[name];
    return column.data[frame * column.n + i] * (this.steps[name] ?? 1);
  }

  /** The whole number as it is stored. */
  raw(name, frame, i = 0) {
    const column = this.columns[name];
    return column.data[frame * column.n + i];
  }

  present(frame, agent) { return this.raw("y", frame, agent) >= 0; }
  has(frame, agent, flag) { return (this.raw("flags", frame, agent) & flag) !== 0; }
  power(frame) { return (this.raw("services", frame) & POWER) !== 0; }
  water(frame) { return (this.raw("services", frame) & WATER) !== 0; }

  /** The mind that plays an agent, by name. */
  mindOf(agent) {
    const { policy, players } = this.about;
    const mind = players && policy.minds?.[players[agent]];
    return mind ? titleOfMind(mind) : policy.active ?? "unknown";
  }

  /** The least of the needs, 0 to 1. */
  leastNeed(frame, agent) {
    return Math.min(...NEEDS.map((need) => this.at(need, frame, agent)));
  }

  /** Whether every agent decides on each tick. */
  get byTick() { return this.scenery.actions.length === this.scenery.primitive.length; }

  /** Share of the day gone by at a tick. */
  timeOfDay(tick) { return (tick % this.scenery.dayTicks) / this.scenery.dayTicks; }

  /** Agents that use or wait for each object: [{user, queue}], queues in order. */
  useOfObjects(frame) {
    const found = this.scenery.objects.map(() => ({ user: -1, queue: [] }));
    for (let a = 0; a < this.agents; a++) {
      const object = this.raw("object", frame, a);
      if (object < 0) continue;
      const place = this.raw("place", frame, a);
      if (place === 0) found[object].user = a;
      else found[object].queue[place - 1] = a;
    }
    return found;
  }

  /** What an agent thinks of others at a tick: [{other, trust, familiarity, rivalry}], the strongest first. */
  tiesOf(agent, tick) {
    const found = [];
    for (const slot of this.ties[agent] ?? []) {
      if (!slot) continue; // never held a tie
      const i = lastAtOrBefore(slot.ticks, tick);
      if (i >= 0 && slot.others[i] >= 0) found.push({ other: slot.others[i], ...slot.values[i] });
    }
    const weight = (tie) => Math.abs(tie.trust) + Math.abs(tie.familiarity) + Math.abs(tie.rivalry);
    return found.sort((a, b) => weight(b) - weight(a));
  }

  /** The key figures known at a tick: [{label, value}]; null where nothing was counted yet. */
  figuresAt(tick) {
    const { tick: ticks, values } = this.kpis.columns;
    const row = lastAtOrBefore(ticks.data, tick);
    return this.kpis.about.figures.map((figure, i) => {
      const value = row < 0 ? NaN : values.data[row * values.n + i];
      return { ...figure, value: Number.isNaN(value) ? null : value };
    });
  }

  /** Reads what the minds weighed and saw into `thoughts`, when first asked for; null where it was not kept. */
  openThoughts() {
    this._opening ??= this._openThoughts();
    return this._opening;
  }
}

/** A mind of a cast: the name that was asked for, and what acts where the name does not begin with it. */
export function titleOfMind({ requested, active }) {
  return !requested || requested.startsWith(active) ? requested || active : `${requested} (${active})`;
}

export function readEvents({ about, columns }) {
  const { tick, kind, agent, other, object, amount } = columns;
  return Array.from(tick.data, (when, i) => ({
    tick: when, kind: about.kinds[kind.data[i]], agent: agent.data[i], other: other.data[i], object: object.data[i],
    amount: amount.data[i],
  }));
}

/** Changes of ties, slot by slot, into `found`. */
export function readTies({ about, columns }, found = {}) {
  for (let i = 0; i < columns.tick.length; i++) {
    const number = columns.slot.data[i];
    const agent = Math.floor(number / about.perAgent);
    const slot = ((found[agent] ??= [])[number % about.perAgent] ??= { ticks: [], others: [], values: [] });
    slot.ticks.push(columns.tick.data[i]);
    slot.others.push(columns.other.data[i]);
    slot.values.push({
      trust: columns.trust.data[i] * about.step,
      familiarity: columns.familiarity.data[i] * about.step,
      rivalry: columns.rivalry.data[i] * about.step,
    });
  }
  return found;
}
