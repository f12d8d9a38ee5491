// A film that a page holds: read out of it when the page opens, what minds thought when it is first asked for.

import { fromBase64, unpack } from "./columns.js";
import { Film } from "./film.js";

/** A film whose parts are given as promises of packed bytes by name. */
export async function openFilm(title, about, read) {
  const open = async (name) => {
    const bytes = await read(name);
    return bytes && unpack(bytes);
  };
  const [scenery, frames, ties, events, kpis, plans] = await Promise.all(["scenery", "frames", "ties", "events", "kpis", "plans"].map(open));
  return new RecordedFilm(title, about, { scenery: scenery.about, frames, ties, events, kpis, plans: plans?.about.thoughts }, read);
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

class RecordedFilm extends Film {
  constructor(title, about, parts, read) {
    super(title, about, parts);
    this._read = read;
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
class Thoughts {
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
