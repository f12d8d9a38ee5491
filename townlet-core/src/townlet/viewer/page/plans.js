// What slow minds said: plans, their reasons, and why there was none.

import { lastAtOrBefore } from "./search.js";

/** The thoughts of a town: {tick, slot, asked, steps, until, reasons, failure, dropped}, all but the first three optional. */
export class Plans {
  constructor(thoughts = []) {
    this._of = new Map(); // slot: its thoughts by tick
    this.take(thoughts);
  }

  get empty() { return this._of.size === 0; }

  /** Takes more, later than those of the same slot before; what is known already is left out. */
  take(thoughts) {
    for (const thought of thoughts) {
      const told = this._of.get(thought.slot) ?? [];
      this._of.set(thought.slot, told);
      const { tick = -1 } = told.at(-1) ?? {};
      if (thought.tick > tick || (thought.tick === tick && !told.some((one) => JSON.stringify(one) === JSON.stringify(thought)))) told.push(thought);
    }
  }

  /** What an agent has in mind at a tick: {plan, dropped, failure}, each a thought or null; null before it said anything. */
  of(slot, tick) {
    const told = this._of.get(slot) ?? [];
    const last = lastAtOrBefore(told.map((thought) => thought.tick), tick);
    if (last < 0) return null;
    const found = { plan: null, dropped: null, failure: null };
    for (const thought of told.slice(0, last + 1)) {
      if (thought.steps) Object.assign(found, { plan: thought, dropped: null, failure: null });
      else if (thought.dropped) found.dropped = thought;
      else found.failure = thought;
    }
    return found;
  }
}

/** Which step of a plan is taken at a tick: its number, the count of all once it is done. Steps count ticks. */
export function stepAt({ tick, steps }, now) {
  let end = tick;
  const current = steps.findIndex(([, ticks]) => {
    end += ticks;
    return now < end;
  });
  return current < 0 ? steps.length : current;
}
