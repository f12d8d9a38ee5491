// A film that grows while its town lives.

import { inflate, readPart } from "./columns.js";
import { Film, readEvents, readTies } from "./film.js";
import { lastAtOrBefore } from "./search.js";

const MOST_AGENT_FRAMES = 2_000_000; // kept; the oldest go first
const RENEW = 0.4; // seconds between two drawings of a timeline that grows

/** Parts of a message: [JSON, {name: bytes}]. */
export function readMessage(buffer) {
  const bytes = new Uint8Array(buffer);
  const size = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
  const parts = {};
  let start = 4 + size;
  for (const [name, length] of Object.entries(head.parts)) {
    parts[name] = bytes.subarray(start, start + length);
    start += length;
  }
  return { head, parts };
}

/** Inflates parts: {name: {about, columns}}. */
export async function openParts(parts) {
  const names = Object.keys(parts);
  const opened = await Promise.all(names.map(async (name) => readPart(await inflate(parts[name]))));
  return Object.fromEntries(names.map((name, i) => [name, opened[i]]));
}

export class LiveFilm extends Film {
  /** `hello` is the first message, `parts` the first frames with ties, events and figures. */
  constructor(hello, scenery, parts) {
    super(hello.title, hello.about, { scenery: scenery.about, ...parts });
    this.thoughts = new LiveThoughts(this);
    this._columns = [this.columns, this.kpis.columns];
    this._renewed = 0;
    this._length = 0;
  }

  get length() { return this._length; }

  /** Takes more of the town: the events that are new. */
  append(parts) {
    const [from] = parts.frames.columns.tick.data;
    extend(this.columns, parts.frames.columns, lastAtOrBefore(this.ticks, from - 1) + 1);
    this.ticks = this.columns.tick.data;
    extend(this.kpis.columns, parts.kpis.columns, this.kpis.columns.tick.length);
    readTies(parts.ties, this.ties);
    const events = readEvents(parts.events).filter((event) => event.tick > (this.events.at(-1)?.tick ?? -1));
    this.events.push(...events);
    if (this.frames * this.agents > MOST_AGENT_FRAMES) this._forget();
    const now = performance.now() / 1000;
    if (now - this._renewed > RENEW) {
      this._renewed = now;
      this._length = this.frames;
    }
    return events;
  }

  /** The timeline is to be drawn anew at once. */
  renew() { this._length = this.frames; }

  /** Lets the oldest quarter go. */
  _forget() {
    const gone = this.frames >> 2;
    for (const column of Object.values(this.columns)) {
      column.data = column.data.slice(gone * column.n);
      column.store = column.data;
      column.length -= gone;
    }
    this.ticks = this.columns.tick.data;
    this.events = this.events.filter((event) => event.tick >= this.first);
  }

  async _openThoughts() { return this.thoughts; }
}

/** What the minds that were looked at weighed, chose, got and saw, as the town told it. */
export class LiveThoughts {
  constructor(film) {
    this.film = film;
    this.told = 0; // so often
    this._told = new Map(); // agent: the last hundred, by tick
  }

  take(thought) {
    const told = this._told.get(thought.agent) ?? [];
    this._told.set(thought.agent, told);
    if (told.length && told.at(-1).tick >= thought.tick) told.length = 0; // the town began anew
    told.push(thought);
    this.film.plans.take(thought.plans ?? []);
    this.told++;
    if (told.length > 400) told.splice(0, 200);
  }

  /** The last that is known of an agent at a frame, or null. */
  _at(frame, agent) {
    const told = this._told.get(agent) ?? [];
    const tick = this.film.ticks[frame];
    const found = told.findLast((thought) => thought.tick <= tick);
    return found && tick - found.tick <= 40 ? found : null;
  }

  of(frame, agent) {
    const thought = this._at(frame, agent);
    if (thought === null) return null;
    return {
      tick: thought.tick, action: thought.action, chosenProbability: thought.chosen, value: thought.value, reward: thought.reward,
      options: this.film.scenery.actions.map((name, k) => ({
        name, possible: thought.mask[k] === 1, taken: k === thought.taken, probability: thought.chances ? thought.chances[k] : null,
      })),
      parts: thought.parts.map(([name, value]) => ({ name, value })),
    };
  }

  words(frame, agent) { return this._at(frame, agent)?.words ?? null; }

  seen(frame, agent) {
    return (this._at(frame, agent)?.seen ?? []).map(([name, value, words, about]) => ({ name, value, words, about }));
  }
}

/** Puts the rows of `more` behind the first `from` rows of `columns`. */
function extend(columns, more, from) {
  for (const [name, column] of Object.entries(columns)) {
    const added = more[name];
    const length = from + added.length;
    if ((column.store ?? column.data).length < length * column.n) {
      const store = new column.data.constructor(Math.max(length * 2, 256) * column.n);
      store.set(column.data);
      column.store = store;
    }
    const store = column.store ?? column.data;
    store.set(added.data, from * column.n);
    column.data = store.subarray(0, length * column.n);
    column.length = length;
  }
}
