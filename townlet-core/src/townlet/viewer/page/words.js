// What is told in words: times, what somebody does, what happened.

import { FAINT } from "./film.js";

const OBJECT_WORDS = { till: "till", counter: "cafe counter" };
const DOING = {
  sleep: "sleeping", shower: "showering", cook: "cooking", eat: "eating", buy_groceries: "buying groceries",
  buy_meal: "buying a meal", work: "working", rest: "resting",
};
const AT = { bed: "in", bench: "on" };

/** Text that cannot reorder or break the text around it: control and direction marks become visible. */
export function plain(text) {
  return String(text).replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_C}\u200b\u2060-\u2064\ufeff]/gu, "\u25af");
}

/** "day 2, 09:30" */
export function clock(tick, dayTicks) {
  return `day ${Math.floor(tick / dayTicks)}, ${hour(tick, dayTicks)}`;
}

/** "09:30" */
export function hour(tick, dayTicks) {
  const minutes = Math.floor(((tick % dayTicks) * 1440) / dayTicks);
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

/** The name of an agent, safe to show. */
export function nameOf(film, agent) {
  return plain(film.scenery.agents[agent] ?? "nobody");
}

/** "stove 2" */
export function objectName(film, object) {
  const thing = film.scenery.objects[object];
  return thing ? plain(thing.name.replace(thing.kind, OBJECT_WORDS[thing.kind] ?? thing.kind)) : "";
}

/** An affordance in words. */
export function affordanceWords(name) {
  return DOING[name] ?? plain(name.replaceAll("_", " "));
}

/** What an agent does at a frame: "cooking at stove 2, 12 ticks to go". */
export function doing(film, frame, agent) {
  if (!film.present(frame, agent)) return "nobody lives here now";
  if (film.has(frame, agent, FAINT)) return "fainted";
  const place = film.raw("place", frame, agent);
  const object = film.raw("object", frame, agent);
  if (place > 0) return `${ordinal(place)} in the queue for ${objectName(film, object)}`;
  const activity = film.raw("activity", frame, agent);
  if (activity >= 0) {
    const thing = film.scenery.objects[object];
    const where = thing ? ` ${AT[thing.kind] ?? "at"} ${objectName(film, object)}` : "";
    return `${affordanceWords(film.scenery.affordances[activity])}${where}, ${counted(film.raw("left", frame, agent), "tick")} to go`;
  }
  if (frame > 0 && film.present(frame - 1, agent)) {
    const moved = film.raw("y", frame, agent) !== film.raw("y", frame - 1, agent)
      || film.raw("x", frame, agent) !== film.raw("x", frame - 1, agent);
    if (moved) return "on the way";
  }
  return "standing around";
}

/** "1st", "2nd", "3rd", "4th" */
export function ordinal(number) {
  const ending = { 1: "st", 2: "nd", 3: "rd" }[number % 10] ?? "th";
  return `${number}${number % 100 > 10 && number % 100 < 14 ? "th" : ending}`;
}

/** "1 tick", "2 ticks" */
export function counted(number, thing) {
  return `${number} ${thing}${Number(number) === 1 ? "" : "s"}`;
}

/** The mood that the least of one's needs makes: 0 miserable, 1 unhappy, 2 content, 3 happy. */
export function mood(least) {
  return least > 0.55 ? 3 : least > 0.3 ? 2 : least > 0.15 ? 1 : 0;
}

export const MOODS = ["miserable", "unhappy", "content", "happy"];

const CHAT = "people";
const TROUBLE = "trouble";
const TOWN = "town";
const ROUTINE = "routine";

// kind: [category, sentence]; n: who, o: the other, t: the thing, a: the amount, f: the film
const TOLD = {
  chat_ok: [CHAT, ({ n, o }) => `${n} and ${o} have a good chat`],
  chat_failed: [CHAT, ({ n }) => `${n} tries to chat, but nothing comes of it`],
  conflict: [TROUBLE, ({ n, o, t }) => `${n} pushes in front of ${o} at ${t}`],
  conflict_avoided: [CHAT, ({ n, o, t }) => `${n} lets ${o} go first${t ? ` at ${t}` : ""}`],
  helped: [CHAT, ({ n, o }) => `${n} helps ${o}, who is late for work`],
  shared_meal: [CHAT, ({ n }) => `${n} shares a meal`],
  takeover: [TROUBLE, ({ n }) => `${n} takes over a shift`],
  job_lost: [TROUBLE, ({ n }) => `${n} loses a job`],
  on_time: [ROUTINE, ({ n }) => `${n} is on time for work`],
  late: [TROUBLE, ({ n }) => `${n} is late for work`],
  attended: [ROUTINE, ({ n }) => `${n} finishes a shift`],
  absent: [TROUBLE, ({ n }) => `${n} misses a shift`],
  interrupted: [TROUBLE, ({ n }) => `${n} is interrupted`],
  turn_lost: [ROUTINE, ({ n }) => `${n} misses a turn in the queue`],
  faint: [TROUBLE, ({ n }) => `${n} faints`],
  reconciled: [CHAT, ({ n }) => `${n} meets a rival as arranged, and they talk`],
  arrived: [TOWN, ({ n }) => `${n} moves in`],
  exit: [TROUBLE, ({ n }) => `${n}\u2019s life in town ends`],
  rent: [ROUTINE, ({ n, a }) => `${n} pays ${coins(a)} in rent`],
  fee: [TROUBLE, ({ n, a }) => `${n} pays ${coins(a)} for being late`],
  started: [ROUTINE, ({ n, a, f }) => `${n} starts ${affordanceWords(f.scenery.affordances[a])}`],
  finished: [ROUTINE, ({ n, a, f }) => `${n} finishes ${affordanceWords(f.scenery.affordances[a])}`],
  power_off: [TOWN, () => "the power fails"],
  power_on: [TOWN, () => "the power is back"],
  water_off: [TOWN, () => "the water is cut off"],
  water_on: [TOWN, () => "the water is back"],
  price_up: [TOWN, ({ p, a }) => `the price of ${p} rises to ${coins(a)}`],
  price_down: [TOWN, ({ p, a }) => `the price of ${p} falls to ${coins(a)}`],
  closed: [TOWN, ({ t }) => `${t} is closed`],
  opened: [TOWN, ({ t }) => `${t} is open again`],
  meeting: [TOWN, ({ n, o }) => `${n} and ${o} are asked to meet and make up`],
};

export const CATEGORIES = [TOWN, TROUBLE, CHAT, ROUTINE];

/** town, trouble, people or routine. */
export function categoryOf(event) {
  return (TOLD[event.kind] ?? [ROUTINE])[0];
}

/** What happened, as a sentence without a full stop. */
export function eventWords(film, event) {
  const tell = TOLD[event.kind]?.[1];
  if (!tell) return plain(event.kind.replaceAll("_", " "));
  return tell({
    n: event.agent >= 0 ? nameOf(film, event.agent) : "somebody",
    o: event.other >= 0 ? nameOf(film, event.other) : "somebody",
    t: objectName(film, event.object), a: event.amount, f: film,
    p: event.other === 0 ? "groceries" : "meals",
  });
}

function coins(amount) {
  return counted(round(amount), "coin");
}

/** At most two digits after the point, and no zeros at the end. */
export function round(number, digits = 2) {
  return String(Number(number.toFixed(digits)));
}

/** Why a page shows no minds. */
export function withoutMinds(about) {
  return about.cramped
    ? "There is no room for minds in a page of this many ticks and agents. Choose fewer ticks to see them: townlet view --ticks FROM:TO."
    : "This page was made without minds: townlet view shows them unless --no-minds is given.";
}

/** What an agent saw, as rows {name, value, text, about}. */
export function seenRows(thoughts, frame, agent) {
  return thoughts.seen(frame, agent).map(({ name, about, value, words }) => ({
    name: plain(name.replaceAll("_", " ")), about: plain(about), value, text: plain(words),
  }));
}
