// The panel of one agent: what it does, needs, has, feels, thinks, and what it got.

import { colour, element, fillList, fitCanvas, setText } from "./dom.js";
import { FAINT, IN_SHIFT, NEEDS, ON_SITE } from "./film.js";
import { planElements } from "./plan-words.js";
import { MOODS, counted, doing, hour, mood, nameOf, ordinal, plain, round, seenRows, withoutMinds } from "./words.js";

const DASHES = { hunger: [], energy: [6, 3], hygiene: [2, 2] };
const WORDS = { hunger: "food", energy: "rest", hygiene: "wash" };
const TRAITS = [["extroversion", "withdrawn", "outgoing"], ["forgiveness", "resentful", "forgiving"], ["ambition", "easy-going", "ambitious"]];

export class AgentPanel {
  /** `actions`: {select(agent), seek(tick), follow()} */
  constructor(root, actions) {
    this.root = root;
    this.actions = actions;
    this._agent = -1;
    this._filter = "";
  }

  /** Shows an agent at a frame; `beside` is {film, frame} of the other recording, or null. */
  show(film, frame, agent, following, beside) {
    if (agent < 0) {
      if (this._agent !== -1 || !this.root.firstChild) this._empty();
      return;
    }
    if (this._agent !== agent || this._film !== film) this._build(film, agent);
    const parts = this._parts;
    const here = film.present(frame, agent);
    setText(parts.doing, doing(film, frame, agent));
    setText(parts.mood, here ? MOODS[mood(film.leastNeed(frame, agent))] : "");
    setText(parts.follow, following ? "Stop following" : "Follow");
    parts.follow.setAttribute("aria-pressed", String(following));
    setText(parts.beside, beside ? besideWords(film, beside, agent) : "");
    this._needs(film, frame, agent, here);
    this._facts(film, frame, agent, here);
    this._curves(film, frame, agent);
    this._ties(film, frame, agent, here);
    this._plan(film, frame, agent);
    this._mind(film, frame, agent);
  }

  _empty() {
    this._agent = -1;
    this.root.replaceChildren(element("p", { className: "quiet", textContent: "Select an agent on the map or in the list of people to see what it needs, sees and thinks." }));
  }

  _build(film, agent) {
    this._agent = agent;
    this._film = film;
    const parts = (this._parts = {});
    const part = (name, tag, properties = {}, ...children) => (parts[name] = element(tag, properties, ...children));
    const section = (title, ...children) => element("section", {}, element("h3", { textContent: title }), ...children);
    const follow = part("follow", "button", { type: "button", className: "small", onclick: () => this.actions.follow() });
    part("curves", "canvas", { className: "curves", attrs: { role: "img", "aria-label": `Needs of ${nameOf(film, agent)} over the day` } });
    parts.curves.addEventListener("click", (event) => this._seekInDay(event));
    const filter = element("input", {
      type: "search", placeholder: "filter features", className: "filter", value: this._filter,
      oninput: () => { this._filter = filter.value.toLowerCase(); this._lastMind = null; this._mind(...this._mindOf); },
      attrs: { "aria-label": "Filter what it saw" },
    });
    this.root.replaceChildren(
      element("div", { className: "who" }, element("h2", {}, element("bdi", { textContent: nameOf(film, agent) })), follow),
      element("p", { className: "doing" }, part("doing", "span"), " ", part("mood", "span", { className: "pill" })),
      part("beside", "p", { className: "beside" }),
      section("Needs", part("needs", "div", { className: "meters" }), parts.curves, legend()),
      part("planBox", "section", {}, element("h3", { textContent: "Plan" }), part("plan", "div")),
      section("Life", part("facts", "dl", { className: "facts" })),
      section("Ties", part("ties", "div", { className: "ties" })),
      section("Mind", part("choice", "p"), part("options", "div", { className: "options" }), part("reward", "p"),
        part("pieces", "div", { className: "options" })),
      part("toldBox", "details", { open: true }, element("summary", { textContent: "What it saw" }), part("told", "div", { className: "told" })),
      part("seenBox", "details", {}, element("summary", { textContent: "Every feature it saw" }), filter, part("seen", "dl", { className: "facts seen" })),
    );
    this._lastMind = null;
    parts.seenBox.addEventListener("toggle", () => { this._lastMind = null; this._mind(...this._mindOf); });
  }

  _needs(film, frame, agent, here) {
    if (!here) {
      this._parts.needs.replaceChildren();
      return;
    }
    const box = this._parts.needs;
    if (!box.firstChild) {
      for (const need of NEEDS) {
        const meter = element("meter", { min: 0, max: 1, low: 0.3, high: 0.55, optimum: 1 });
        box.append(element("label", {}, element("span", { textContent: WORDS[need] }), meter, element("output")));
      }
    }
    NEEDS.forEach((need, i) => {
      const value = film.at(need, frame, agent);
      const [, meter, output] = box.children[i].children;
      meter.value = value;
      setText(output, value.toFixed(2));
    });
  }

  _facts(film, frame, agent, here) {
    const { scenery } = film;
    const rows = [["mind", plain(film.mindOf(agent))], ["home", plain(scenery.places[scenery.homes[agent]])]];
    if (here) {
      const job = film.raw("job", frame, agent);
      const post = scenery.posts[job];
      rows.unshift(["purse", `${round(film.at("money", frame, agent), 1)} coins`],
        ["carries", `${counted(film.raw("meals", frame, agent), "meal")}, groceries for ${film.raw("groceries", frame, agent)}`]);
      rows.push(["job", post ? `${plain(scenery.places[post.place])}, ${hour(post.start, scenery.dayTicks)} to ${hour(post.end, scenery.dayTicks)}` : "none"]);
      if (post) rows.push(["shift", shiftWords(film, frame, agent)], ["attendance", `${Math.round(film.at("attendance", frame, agent) * 100)} %`]);
      rows.push(["nature", natureWords(film, frame, agent)]);
      const rent = film.raw("rent", frame, agent);
      if (rent > 0) rows.push(["owes", `${rent} coins in rent`]);
      const life = film.raw("life", frame, agent);
      if (life > 0) rows.push(["newcomer", `${ordinal(life + 1)} resident of this home`]);
      if (film.has(frame, agent, FAINT)) rows.push(["health", "fainted"]);
    }
    fillList(this._parts.facts, rows);
  }

  _curves(film, frame, agent) {
    const { context, width, height } = fitCanvas(this._parts.curves);
    if (width === 0) return;
    const day = film.scenery.dayTicks;
    const start = Math.floor(film.ticks[frame] / day) * day;
    const toX = (tick) => ((tick - start) / day) * width;
    const from = film.frameAt(start);
    const to = film.frameAt(Math.min(start + day, film.last));
    context.clearRect(0, 0, width, height);
    const post = film.scenery.posts[film.raw("job", frame, agent)];
    if (post) {
      context.fillStyle = colour("shade");
      context.fillRect(toX(start + post.start), 0, toX(start + post.end) - toX(start + post.start), height - 8);
    }
    context.strokeStyle = colour("line");
    context.lineWidth = 1;
    context.strokeRect(0.5, 0.5, width - 1, height - 9);
    context.fillStyle = colour("line");
    context.fillRect(0, (height - 8) * 0.7, width, 1);
    for (const need of NEEDS) {
      context.strokeStyle = colour(need);
      context.lineWidth = 1.8;
      context.setLineDash(DASHES[need]);
      context.beginPath();
      let down = false;
      for (let f = from; f <= to; f++) {
        if (!film.present(f, agent)) { down = false; continue; }
        const y = 2 + (1 - film.at(need, f, agent)) * (height - 12);
        if (down) context.lineTo(toX(film.ticks[f]), y);
        else context.moveTo(toX(film.ticks[f]), y);
        down = true;
      }
      context.stroke();
    }
    context.setLineDash([]);
    const colours = film.scenery.affordanceKinds.map((kind) => colour(`activity-${kind}`));
    for (let f = from; f < to; f++) {
      const activity = film.raw("activity", f, agent);
      if (activity < 0) continue;
      context.fillStyle = colours[activity];
      context.fillRect(toX(film.ticks[f]), height - 6, toX(film.ticks[f + 1]) - toX(film.ticks[f]) + 0.5, 6);
    }
    context.fillStyle = colour("accent");
    context.fillRect(toX(film.ticks[frame]) - 1, 0, 2, height);
    this._day = { start, day };
  }

  _seekInDay(event) {
    const box = this._parts.curves.getBoundingClientRect();
    this.actions.seek(this._day.start + Math.round(((event.clientX - box.left) / box.width) * this._day.day));
  }

  _ties(film, frame, agent, here) {
    const ties = here ? film.tiesOf(agent, film.ticks[frame]) : [];
    const key = JSON.stringify(ties);
    if (this._tiesKey === key && this._parts.ties.firstChild) return;
    this._tiesKey = key;
    if (ties.length === 0) {
      this._parts.ties.replaceChildren(element("p", { className: "quiet", textContent: "none yet" }));
      return;
    }
    this._parts.ties.replaceChildren(...ties.map((tie) => {
      const rival = tie.rivalry > tie.trust;
      const button = element("button", { type: "button", className: "link", onclick: () => this.actions.select(tie.other) },
        element("bdi", { textContent: nameOf(film, tie.other) }));
      const numbers = `trust ${tie.trust.toFixed(2)}, familiarity ${tie.familiarity.toFixed(2)}, rivalry ${tie.rivalry.toFixed(2)}`;
      return element("div", {}, element("span", { className: rival ? "rival" : "friend", textContent: rival ? "\u25c6 " : "\u25cf ", title: rival ? "rival" : "friend" }),
        button, element("small", { textContent: ` ${numbers}` }));
    }));
  }

  _plan(film, frame, agent) {
    const tick = film.ticks[frame];
    const found = film.plans.of(agent, tick);
    this._parts.planBox.hidden = film.plans.empty;
    this._parts.plan.replaceChildren(...planElements(found, tick, film.byTick));
  }

  /** What it weighed and chose at this frame, where that was kept. */
  _mind(film, frame, agent) {
    this._mindOf = [film, frame, agent];
    const parts = this._parts;
    if (!film.about.minds) {
      setText(parts.choice, withoutMinds(film.about));
      parts.seenBox.hidden = parts.toldBox.hidden = true;
      return;
    }
    if (film.thoughts === null) {
      setText(parts.choice, "reading\u2026");
      film.openThoughts().then((found) => { if (found !== null && this._film === film) this._mind(...this._mindOf); });
      return;
    }
    const key = `${frame} ${agent} ${film.thoughts.told ?? ""}`;
    if (this._lastMind === key) return;
    this._lastMind = key;
    const thought = film.thoughts.of(frame, agent);
    parts.seenBox.hidden = thought === null;
    const told = thought === null ? null : film.thoughts.words(frame, agent);
    parts.toldBox.hidden = told === null;
    if (told !== null) parts.told.replaceChildren(...told.map((line) => element("p", { textContent: plain(line) })));
    if (thought === null) {
      setText(parts.choice, !film.present(frame, agent) ? "Nobody lives here at this tick."
        : film.about.live ? "Minds are shown from the moment you select an agent."
          : "The recording ends here.");
      for (const part of [parts.options, parts.pieces]) part.replaceChildren();
      setText(parts.reward, "");
      return;
    }
    this._choice(film, thought);
    setText(parts.reward, `Reward on this tick: ${signed(thought.reward)}`);
    const most = Math.max(...thought.parts.map((part) => Math.abs(part.value)), 1e-9);
    parts.pieces.replaceChildren(...thought.parts.map((part) => bar(plain(part.name), Math.abs(part.value) / most, signed(part.value), part.value < 0 ? "loss" : "gain")));
    if (parts.seenBox.open) this._seen(film, frame, agent);
  }

  _choice(film, thought) {
    const parts = this._parts;
    const scored = thought.options.some((option) => option.probability !== null);
    const value = thought.value === null ? "" : ` It expected a return of ${thought.value.toFixed(3)} from here.`;
    const chance = !scored && thought.chosenProbability !== null ? ` (probability ${thought.chosenProbability.toFixed(2)})` : "";
    const silent = scored ? "" : film.about.asked || film.about.kept
      ? " This mind gives no probabilities."
      : " The recording does not say how likely the other actions were. Record with --keep-logits, or ask a mind again: townlet view --ask MIND.";
    const when = thought.tick === undefined ? "It" : `At tick ${thought.tick} it`;
    setText(parts.choice, `${when} chose: ${plain(thought.action ?? "nothing")}${chance}.${value}${silent}`);
    const shown = thought.options.filter((option) => option.possible || option.taken);
    parts.options.replaceChildren(...shown.map((option) => {
      const words = option.probability === null ? "" : `${(option.probability * 100).toFixed(0)} %`;
      return bar(plain(option.name), option.probability ?? 0, option.taken ? `${words} chosen`.trim() : words, option.taken ? "taken" : "");
    }));
    const barred = thought.options.filter((option) => !option.possible && !option.taken);
    if (barred.length) parts.options.append(element("p", { className: "quiet", textContent: `not possible now: ${barred.map((o) => plain(o.name)).join(", ")}` }));
  }

  _seen(film, frame, agent) {
    const rows = seenRows(film.thoughts, frame, agent)
      .filter(({ name, about, value }) => (this._filter ? `${name} ${about}`.toLowerCase().includes(this._filter) : value !== 0));
    fillList(this._parts.seen, rows.map(({ name, text, about }) => [name, text, about]));
  }
}

function bar(name, share, words, kind) {
  const inside = element("i");
  inside.style.width = `${(share * 100).toFixed(1)}%`;
  return element("div", { className: `bar ${kind}` }, element("span", { textContent: name }), element("b", {}, inside), element("em", { textContent: words }));
}

function legend() {
  return element("p", { className: "legend" }, ...NEEDS.map((need) => element("span", { className: `key ${need}`, textContent: WORDS[need] })),
    element("span", { className: "quiet", textContent: "shaded: shift; below: activity" }));
}

function shiftWords(film, frame, agent) {
  const phase = ["off", "due, not there yet", "arrived on time", "arrived late", "joined midway"][film.raw("shift", frame, agent)];
  if (!film.has(frame, agent, IN_SHIFT)) return "off duty";
  return `${phase}${film.has(frame, agent, ON_SITE) ? ", on site" : ""}`;
}

function natureWords(film, frame, agent) {
  return TRAITS.map(([name, less, more]) => {
    const value = film.at(name, frame, agent);
    return Math.abs(value) < 0.2 ? null : `${Math.abs(value) > 0.6 ? "very " : ""}${value < 0 ? less : more}`;
  }).filter(Boolean).join(", ") || "even-tempered";
}

function besideWords(film, beside, agent) {
  const twin = beside.film.index.get(film.scenery.agents[agent]);
  if (twin === undefined) return "No agent of this name lives in the other recording.";
  return `In the other recording: ${doing(beside.film, beside.frame, twin)}.`;
}

function signed(number) {
  const digits = Math.abs(number).toFixed(4);
  return Number(digits) === 0 ? digits : `${number < 0 ? "\u2212" : "+"}${digits}`;
}
