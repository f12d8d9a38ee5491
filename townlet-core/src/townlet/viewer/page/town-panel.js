// The panel of the town: figures so far, prices and services, who plays, who lives here.

import { element, fillList, setText } from "./dom.js";
import { NEEDS, titleOfMind } from "./film.js";
import { MOODS, doing, mood, nameOf, plain, round } from "./words.js";

const MOST_PEOPLE = 2000;

export class TownPanel {
  /** `actions`: {select(agent)} */
  constructor(root, actions) {
    this.root = root;
    this.actions = actions;
    this._film = null;
  }

  show(film, frame, beside) {
    if (this._film !== film) this._build(film, beside);
    const tick = film.ticks[frame];
    const prices = ["groceries", "meal"].map((name, i) => {
      const price = film.at("prices", frame, i);
      const usual = film.scenery.basePrices[i];
      return [`price: ${name}`, `${round(price)} coins${price > usual * 1.01 ? ` (usually ${round(usual)})` : ""}`];
    });
    fillList(this._parts.state, [
      ["power", film.power(frame) ? "on" : "off"], ["water", film.water(frame) ? "on" : "off"], ...prices,
      ["people", String(countPresent(film, frame))], ...this._closed(film, frame),
    ]);
    const mine = film.figuresAt(tick);
    const theirs = beside?.film.figuresAt(beside.film.ticks[beside.frame]);
    const rows = this._parts.figures.tBodies[0].rows;
    mine.forEach((figure, i) => {
      setText(rows[i].cells[1], figureText(figure.value));
      if (theirs) setText(rows[i].cells[2], figureText(theirs[i]?.value ?? null));
    });
    this._minds(film);
    this._people(film, frame);
  }

  /** The accounts of slow minds. */
  _minds({ about }) {
    const others = Boolean(about.policy?.minds);
    const { ledger = [] } = about;
    if (this._accounts === ledger) return;
    this._accounts = ledger;
    this._parts.mindsBox.hidden = ledger.length === 0;
    const towns = !about.live && about.worlds > 1 ? [["of", `all ${about.worlds} towns of the recording`]] : [];
    this._parts.minds.replaceChildren(...ledger.map((account) => {
      const list = element("dl", { className: "facts" });
      fillList(list, [...accountRows(account, others), ...towns]);
      return list;
    }));
  }

  _closed(film, frame) {
    const closed = film.scenery.objects.filter((_, o) => film.raw("closed", frame, o)).map((thing) => plain(thing.name));
    return closed.length ? [["closed", closed.join(", ")]] : [];
  }

  _build(film, beside) {
    this._film = film;
    const parts = (this._parts = {});
    const section = (title, ...children) => element("section", {}, element("h3", { textContent: title }), ...children);
    const head = element("tr", {}, element("th", { textContent: film.about.live && film.about.worlds > 1 ? `so far, ${film.about.worlds} towns` : "so far" }), element("th", { textContent: beside ? "this one" : "" }));
    if (beside) head.append(element("th", { textContent: "the other" }));
    const rows = film.kpis.about.figures.map((figure) => {
      const row = element("tr", {}, element("th", { textContent: figure.label, scope: "row" }), element("td"));
      if (beside) row.append(element("td"));
      return row;
    });
    parts.state = element("dl", { className: "facts" });
    parts.figures = element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
    parts.people = element("ul", { className: "people" });
    const { policy, players } = film.about;
    const played = element("dl", { className: "facts" });
    const { seed, configId, created, digest } = film.about;
    const recorded = digest ? [["recorded", created], ["dataset", digest.slice(0, 16)]] : [];
    fillList(played, [...policyRows(policy, players, film.scenery.agents), ["seed", seed], ["config", plain(configId)], ...recorded]);
    parts.minds = element("div");
    parts.mindsBox = section(film.about.live ? "Slow minds so far" : "Slow minds, whole run", parts.minds);
    this._accounts = null;
    this._rows = [];
    for (let a = 0; a < Math.min(film.agents, MOST_PEOPLE); a++) {
      const says = element("small");
      const face = element("span", { className: "face", attrs: { role: "img" } });
      const button = element("button", { type: "button", className: "person", onclick: () => this.actions.select(a) },
        face, element("bdi", { textContent: nameOf(film, a) }), says);
      this._rows.push({ button, says, face });
      parts.people.append(element("li", {}, button));
    }
    this.root.replaceChildren(section("Now", parts.state), section("Figures", parts.figures),
      parts.mindsBox, section("People", parts.people), section("Who plays", played));
  }

  _people(film, frame) {
    this._rows.forEach(({ says, face }, agent) => {
      setText(says, doing(film, frame, agent));
      const here = film.present(frame, agent);
      const state = here ? mood(film.leastNeed(frame, agent)) : 0;
      setText(face, here ? ["\u2639", "\u2639", "\u263a", "\u263b"][state] : "\u00b7");
      face.ariaLabel = here ? MOODS[state] : "gone";
      face.className = `face mood-${here ? MOODS[state] : "gone"}`;
      face.title = here ? `${MOODS[state]}: ${NEEDS.map((need) => `${need} ${film.at(need, frame, agent).toFixed(2)}`).join(", ")}` : "";
    });
  }
}

/** The account of a slow mind, as rows: what it was asked, what came of it, and what that took. */
export function accountRows(account, others = false) {
  const many = (name) => Number(account[name] ?? 0).toLocaleString("en");
  const some = (...names) => names.filter(([name]) => account[name]).map(([name, words]) => `${many(name)} ${words}`).join(", ");
  const decided = account.plan_ticks + account.fallback_ticks;
  const wrong = some(["failures", "failed"], ["invalid", "not possible"], ["late", "too late"]);
  const shared = some(["shared", "answered together with another"]);
  return [
    ["mind", plain(account.mind)], ["plays", account.who === "*" ? `everybody${others ? " else" : ""}` : plain(account.who)],
    ["questions", `${many("questions")}${shared ? ` (${shared})` : ""}`],
    ["plans", `${many("plans")}${account.dropped ? `, ${many("dropped")} dropped early` : ""}`], ...(wrong ? [["no plan", wrong]] : []),
    ["calls", many("calls")], ["tokens", `${many("tokens_in")} in, ${many("tokens_out")} out`],
    ["cost", account.cost ? String(Number(account.cost.toPrecision(4))) : "not given"],
    ...(decided > 0 ? [["decisions", `${Math.round((account.plan_ticks / decided) * 100)} % by a plan, the rest by the fallback`]] : []),
    ...(account.unasked ? [["budget", "spent"]] : []),
  ];
}

/** Who plays, as rows: of a cast who plays whom, then the texts and numbers of the provenance, one level down too. */
export function policyRows(policy, players = null, names = []) {
  const rows = [];
  (policy?.minds ?? []).forEach((mind, number) => {
    const agents = names.filter((_, a) => players?.[a] === number);
    rows.push([plain(titleOfMind(mind)), agents.length > 8 ? `${agents.length} agents` : plain(agents.join(", "))]);
  });
  for (const [name, value] of Object.entries(policy ?? {})) {
    if (name === "minds") continue;
    if (value === null || value === "" || value === false) continue;
    if (typeof value === "object") {
      for (const [inner, deep] of Object.entries(value)) {
        if (deep !== null && typeof deep !== "object" && deep !== "") rows.push([plain(`${name} ${inner}`), shorten(deep)]);
      }
    } else rows.push([plain(name.replaceAll("_", " ")), shorten(value)]);
  }
  return rows;
}

function shorten(value) {
  const text = plain(value);
  return /^[0-9a-f]{32,}$/.test(text) ? text.slice(0, 12) : text;
}

function figureText(value) {
  return value === null ? "\u2013" : Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2);
}

function countPresent(film, frame) {
  let count = 0;
  for (let a = 0; a < film.agents; a++) if (film.present(frame, a)) count++;
  return count;
}
