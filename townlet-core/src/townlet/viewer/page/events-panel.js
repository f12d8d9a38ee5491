// The panel of events: a list that can be searched, and clicked to go there.

import { element, setText } from "./dom.js";
import { CATEGORIES, categoryOf, clock, eventWords } from "./words.js";

const SHOWN = 200;
const MARGIN = 30; // rows; nearer to an end of the list it is filled anew
const MARKS = { town: "\u25a0", trouble: "\u25b2", people: "\u25cf", routine: "\u00b7" };

export class EventsPanel {
  /** `actions`: {seek(tick), select(agent), found(ticks or null)} */
  constructor(root, actions) {
    this.root = root;
    this.actions = actions;
    this._film = null;
    this._on = new Set(["town", "trouble", "people"]);
    this._query = "";
    this.matches = [];
  }

  /** The field of the search. */
  get field() { return this._field; }

  show(film, tick) {
    if (this._film !== film || this._length !== film.length) {
      if (this._film !== film) this._texts = [];
      this._film = film;
      this._length = film.length;
      if (!this._list) this._build();
      this._search();
    }
    this._render(tick);
  }

  /** The tick of the next match after a tick (1) or before it (-1), or null. */
  neighbour(tick, direction) {
    const found = direction > 0 ? this.matches.find((event) => event.tick > tick) : this.matches.findLast((event) => event.tick < tick);
    return found?.tick ?? null;
  }

  _build() {
    this._field = element("input", {
      type: "search", placeholder: "who or what, such as alice chat", attrs: { "aria-label": "Search events" },
      oninput: () => { this._query = this._field.value; this._search(); this._render(this._tick); },
    });
    const boxes = CATEGORIES.map((name) => {
      const box = element("input", {
        type: "checkbox", checked: this._on.has(name),
        onchange: () => { this._on[box.checked ? "add" : "delete"](name); this._search(); this._render(this._tick); },
      });
      return element("label", { className: "choice" }, box, element("span", { className: `mark ${name}`, textContent: MARKS[name] }), ` ${name}`);
    });
    this._count = element("p", { className: "quiet", attrs: { role: "status" } });
    this._list = element("ol", { className: "events" });
    this.root.replaceChildren(element("div", { className: "search" }, this._field, element("div", { className: "choices" }, ...boxes)), this._count, this._list);
  }

  _text(i) {
    const event = this._film.events[i];
    return (this._texts[i] ??= `${eventWords(this._film, event)} ${event.kind.replaceAll("_", " ")}`.toLowerCase());
  }

  _search() {
    const words = this._query.toLowerCase().split(/\s+/).filter(Boolean);
    this.matches = this._film.events.filter((event, i) => this._on.has(categoryOf(event)) && words.every((word) => this._text(i).includes(word)));
    this.actions.found(words.length ? this.matches.map((event) => event.tick) : null);
    this._key = null;
  }

  /** Shows the matches around a tick, the last that happened somewhere in the middle. */
  _render(tick) {
    this._tick = tick;
    const { matches } = this;
    let past = 0;
    let high = matches.length;
    while (past < high) {
      const middle = (past + high) >> 1;
      if (matches[middle].tick <= tick) past = middle + 1;
      else high = middle;
    }
    const key = `${past}`;
    if (this._key === key) return;
    const inside = this._key !== null && past - this._from > MARGIN && this._from + SHOWN - past > MARGIN;
    const from = inside ? this._from : Math.max(Math.min(past - SHOWN / 2, matches.length - SHOWN), 0);
    const shown = matches.slice(from, from + SHOWN);
    if (this._key === null || this._from !== from) {
      this._from = from;
      this._list.replaceChildren(...shown.map((event) => this._row(event)));
    }
    this._key = key;
    const rows = this._list.children;
    for (let i = 0; i < rows.length; i++) rows[i].classList.toggle("past", from + i < past);
    this._list.querySelector(".now")?.classList.remove("now");
    const now = rows[past - 1 - from];
    if (now) {
      now.classList.add("now");
      now.parentElement.scrollTop = now.offsetTop - now.parentElement.offsetTop - now.parentElement.clientHeight / 2;
    }
    const more = matches.length > SHOWN ? `, showing the ${SHOWN} nearest` : "";
    setText(this._count, matches.length ? `${matches.length} of ${this._film.events.length} events${more}` : "no event matches; try fewer words");
  }

  _row(event) {
    const film = this._film;
    const category = categoryOf(event);
    const go = () => {
      this.actions.seek(event.tick);
      if (event.agent >= 0) this.actions.select(event.agent, false);
    };
    return element("li", {}, element("button", { type: "button", onclick: go },
      element("time", { textContent: clock(event.tick, film.scenery.dayTicks), title: `tick ${event.tick}` }),
      element("span", { className: `mark ${category}`, textContent: MARKS[category], title: category }),
      element("span", { textContent: eventWords(film, event) })));
  }
}
