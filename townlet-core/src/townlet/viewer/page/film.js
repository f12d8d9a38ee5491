// One recorded town: what never changes, and what each frame holds.

import { fromBase64, unpack } from "./columns.js";
import { Plans } from "./plans.js";
import { lastAtOrBefore } from "./search.js";

export const FAINT = 1;
export const IN_SHIFT = 2;
export const ON_SITE = 4;
export const LAST_OK = 8;
const POWER = 1;
const WATER = 2;
export const NEEDS = ["hunger", "energy", "hygiene"];

/** A film whose parts are given as promises of packed bytes by name. */
export async function openFilm(title, about, read) {
  const open = async (name) => {
    const bytes = await read(name);
    return bytes && unpack(bytes);
  };
  const [scenery, frames, ties, events, kpis, plans] = await Promise.all(["scenery", "frames", "ties", "events", "kpis", "plans"].map(open));
  return new Film(title, about, { scenery: scenery.about, frames, ties, events, kpis, plans: plans?.about.thoughts }, read);
}

/** Reads the parts of film `number` out of the page. */
export function pagePart(number) {
  return async (name) => {
    const element = document.getElementById(`film-${number}-${name}`);
    if (element === null) return null;
    const bytes = fromBase64(element.textContent);
    element.remove(); // its text would take as much memory again
    return bytes;
  };
}

export class Film {
  constructor(title, about, parts, read) {
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
    this._read = read;
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
    const { policy } = this.about;
    const name = this.scenery.agents[agent];
    return policy.minds?.find(({ agents }) => agents.includes(name))?.active ?? policy.active ?? "unknown";
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

  /** The key figures known at a tick: [{label, value}]. */
  figuresAt(tick) {
    const { tick: ticks, values } = this.kpis.columns;
    const row = lastAtOrBefore(ticks.data, tick);
    return this.kpis.about.figures.map((figure, i) => ({
      ...figure, value: row < 0 ? null : values.data[row * values.n + i],
    }));
  }

  /** Reads what the minds weighed and saw into `thoughts`, when first asked for; null where it was not kept. */
  openThoughts() {
    this._opening ??= this._openThoughts();
    return this._opening;
  }

  async _openThoughts() {
    if (!this.about.minds) return null;
    const names = ["choices", "seen", ...(this.about.words ? ["words"] : [])];
    const [choices, seen, words] = await Promise.all(names.map(async (name) => unpack(await this._read(name))));
    this.thoughts = new Thoughts(choices, seen, words ?? null, this);
    return this.thoughts;
  }
}

/** What minds weighed, chose, got and saw. */
export class Thoughts {
  constructor(choices, seen, words, film) {
    this.choices = choices.columns;
    this.about = choices.about;
    this.features = seen.about.features;
    this.codes = seen.columns.codes;
    this._words = words;
    this.film = film;
  }

  /** What an agent saw at a frame, in sentences, line by line; null where they were not kept. */
  words(frame, agent) {
    if (this._words === null) return null;
    const { lines, perAgent } = this._words.about;
    const { data, n } = this._words.columns.lines;
    const start = frame * n + agent * perAgent;
    return Array.from(data.subarray(start, start + perAgent)).filter((line) => line >= 0).map((line) => lines[line]);
  }

  /** All about one choice: of `agent` at a frame, or null (the last frame has none, nor has an empty slot). */
  of(frame, agent) {
    const { choices, film } = this;
    if (frame >= choices.tick.length || !film.present(frame, agent)) return null;
    const actions = film.scenery.actions;
    const pick = (name, n) => {
      const column = choices[name];
      return column ? column.data.subarray(frame * column.n + agent * n, frame * column.n + (agent + 1) * n) : null;
    };
    const bits = pick("mask", Math.ceil(actions.length / 8));
    const chances = pick("probabilities", actions.length);
    const scored = chances?.some((chance) => chance > 0) ?? false;
    const value = pick("value", 1)?.[0] ?? -32768;
    const chosen = pick("chosen", 1)?.[0] ?? 255;
    const action = film.raw("action", frame, agent);
    return {
      action: actions[action],
      options: actions.map((name, k) => ({
        name, possible: ((bits[k >> 3] >> (k & 7)) & 1) === 1, taken: k === action,
        probability: scored ? chances[k] / 255 : null,
      })),
      chosenProbability: chosen === 255 ? null : chosen / 254,
      value: value === -32768 ? null : value * this.about.valueStep,
      reward: pick("reward", 1)[0] * this.about.rewardStep,
      parts: this.about.parts
        .map((name, p) => ({ name, value: pick("parts", this.about.parts.length)[p] * this.about.rewardStep }))
        .filter((part) => part.value !== 0),
    };
  }

  /** What an agent saw at a frame: [{name, value, words, about}]. */
  seen(frame, agent) {
    const count = this.features.length;
    const start = frame * this.codes.n + agent * count;
    return this.features.map(({ name, about, values, words }, f) => {
      const code = this.codes.data[start + f];
      return { name, about, value: values[code], words: words[code] };
    });
  }
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
