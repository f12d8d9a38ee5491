// The bar over a living town: now or then, its pace, and the agent that one plays.

import { byId, element, setText } from "./dom.js";
import { nameOf, plain } from "./words.js";

const PACES = [1, 2, 5, 10, 20, 40, 100, 200, 0];
const LETTERS = { north: "w", west: "a", south: "s", east: "d", use: "e", chat: "c", yield: "y", wait: "." };

export class LiveBar {
  /** `actions`: {ask(message), now()} */
  constructor(app, actions) {
    this.app = app;
    this.actions = actions;
    this.state = { paused: false, speed: 0, played: {}, waits: null, windows: 1, ended: null };
    this.training = app.training; // a run that one can only watch
    this.window = 0;
    this.connected = true;
    this._build();
  }

  /** Name of the agent that this window plays, or null. */
  get played() {
    return Object.keys(this.state.played).find((name) => this.state.played[name] === this.window) ?? null;
  }

  _build() {
    const parts = (this._parts = {});
    const button = (name, text, title, act) => (parts[name] = element("button", { type: "button", className: "small", textContent: text, title, onclick: act }));
    parts.speed = element("select", {
      attrs: { "aria-label": "Speed of the town" },
      onchange: () => this.actions.ask({ do: "speed", number: Number(parts.speed.value) }),
    }, ...PACES.map((speed) => element("option", { value: speed, textContent: speed ? `${speed} ticks/s` : "unlimited" })));
    parts.said = element("span", { className: "said", attrs: { role: "status" } });
    parts.turn = element("div", { className: "turn", hidden: true });
    const box = byId("live");
    box.hidden = false;
    box.append(
      button("now", "Now", "Return to the present (End)", () => this.actions.now()),
      button("pause", "Pause", "Pause the town (space)", () => this.togglePause()),
      button("step", "One tick", "Advance the town by one tick", () => this.actions.ask({ do: "step", number: 1 })),
      parts.speed,
      button("play", "Play", "Choose this agent's actions yourself", () => this._turnPlay()), parts.said, parts.turn,
    );
  }

  togglePause() { this.actions.ask({ do: this.state.paused ? "resume" : "pause" }); }

  _turnPlay() {
    const { agentName } = this.app;
    if (this.played !== null) this.actions.ask({ do: "release" });
    else if (agentName !== null) this.actions.ask({ do: "possess", agent: agentName });
  }

  /** Takes what the town says of itself. */
  take(state) {
    this.state = { ...this.state, ...state };
    this._note = null;
    this.show();
  }

  /** Takes words for this window alone. */
  say(words) {
    this._note = words;
    this.show();
  }

  /** The action of a key while this window plays somebody, or null. */
  choiceOf(key) {
    const { waits } = this.state;
    if (waits === null || waits.window !== this.window) return null;
    if (key === "m" || key === "g") return { do: "auto", number: key === "m" ? 1 : 50 };
    const names = this.app.film.scenery.actions;
    const chosen = waits.choices.find((k) => (LETTERS[names[k]] ?? null) === key);
    return chosen === undefined ? null : { do: "act", number: chosen };
  }

  show() {
    const { state, app } = this;
    const parts = this._parts;
    const open = this.connected && !state.ended;
    parts.now.setAttribute("aria-pressed", String(app.player.atEdge));
    setText(parts.pause, state.paused ? "Resume" : "Pause");
    for (const name of ["pause", "step", "speed"]) parts[name].disabled = !open;
    if (document.activeElement !== parts.speed) parts.speed.value = String(PACES.includes(state.speed) ? state.speed : PACES.find((speed) => speed >= state.speed) ?? 0);
    const { played } = this;
    const { agentName } = app;
    parts.play.hidden = this.training || (played === null && agentName === null);
    for (const name of ["pause", "step", "speed"]) parts[name].hidden = this.training;
    parts.play.disabled = !open;
    setText(parts.play, played === null ? `Play ${plain(agentName ?? "")}` : "Stop playing");
    setText(parts.said, this._words(open));
    this._turn(open);
  }

  _words(open) {
    const { state } = this;
    if (state.ended) return `${state.ended} You can still look at what this page has shown.`;
    if (!open) return "Connection lost. Reconnecting\u2026";
    if (this._note) return plain(this._note);
    if (state.waits !== null) return state.waits.window === this.window ? "" : `Waiting for the person who plays ${plain(state.waits.agent)}.`;
    if (this.training) return state.where ?? "";
    return state.paused ? "Paused." : "";
  }

  /** What one may do now with the agent that one plays. */
  _turn(open) {
    const { waits } = this.state;
    const mine = open && waits !== null && waits.window === this.window;
    this._parts.turn.hidden = !mine;
    if (!mine) return;
    const key = JSON.stringify(waits);
    if (this._turnKey === key && this._parts.turn.firstChild) return;
    this._turnKey = key;
    const { film } = this.app;
    const names = film.scenery.actions;
    const choice = (text, message, letter, kind = "") => element("button", { type: "button", className: `small ${kind}`, onclick: () => this.actions.ask(message) },
      text, letter ? element("kbd", { textContent: letter }) : null);
    this._parts.turn.replaceChildren(
      element("b", { textContent: `You are ${nameOf(film, film.index.get(waits.agent))}: ` }),
      ...waits.choices.map((k) => choice(plain(names[k]), { do: "act", number: k }, LETTERS[names[k]], k === waits.suggestion ? "suggested" : "")),
      choice("let its mind choose", { do: "auto", number: 1 }, "m"), choice("for 50 ticks", { do: "auto", number: 50 }, "g"),
      element("details", {}, element("summary", { textContent: "What you see" }), ...waits.words.split("\n").map((line) => element("p", { textContent: plain(line) }))),
    );
  }
}
