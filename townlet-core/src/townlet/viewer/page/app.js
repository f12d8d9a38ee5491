// The page at work: films, time, the chosen agent, and everything that shows them.

import { AgentPanel } from "./agent-panel.js";
import { Camera } from "./camera.js";
import { differ, differences, pairs } from "./compare.js";
import { byId, element, setText } from "./dom.js";
import { EventsPanel } from "./events-panel.js";
import { commandOf } from "./keys.js";
import { readLink, writeLink } from "./link.js";
import { Player, SPEEDS } from "./player.js";
import { listenToPointer } from "./pointer.js";
import { TownView } from "./scene.js";
import { Timeline } from "./timeline.js";
import { TownPanel } from "./town-panel.js";
import { clock, doing, nameOf, plain } from "./words.js";

const PANEL_EVERY = 0.12; // seconds between two fillings of the panels while the film runs
const TABS = ["town", "agent", "events"];

export class App {
  /** `live` is {link, LiveBar, TrainingPanel} where the only film grows: the line to a town that lives, and what shows it. */
  constructor(films, live = null) {
    this.films = films;
    this.link = live?.link ?? null;
    this.live = live;
    this.training = films[0].about.training ?? false;
    this.tabs = this.training ? ["training", ...TABS] : TABS;
    this.shown = 0; // the film that the panels tell of
    const first = Math.min(...films.map((film) => film.first));
    const last = Math.max(...films.map((film) => film.last));
    this.player = new Player(first, last, () => this.changed());
    const [film] = films;
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.stage = { player: this.player, camera: new Camera(film.width, film.height, film.builtBox()), selected: -1, ties: false, calm: calm.matches };
    calm.addEventListener("change", () => { this.stage.calm = calm.matches; this.changed(); });
    this.following = false;
    this.tab = this.tabs[0];
    this._dirty = true;
    this._panelsAt = 0;
    this._before = performance.now();
    this._buildMaps();
    this._buildPanels();
    this.bar = live && new live.LiveBar(this, { ask: (message) => live.link.ask(message), now: () => this.player.goAlong() });
    this._listen();
    const moment = readLink(location.hash);
    this.goTo(moment);
    if (live && moment.tick === undefined) this.player.goAlong();
    requestAnimationFrame((now) => this._frame(now));
  }

  get film() { return this.films[this.shown]; }

  /** The chosen agent by name, or null. */
  get agentName() {
    return this.stage.selected >= 0 ? this.film.scenery.agents[this.stage.selected] : null;
  }

  /** Asks for everything to be drawn anew. */
  changed() {
    this._dirty = true;
    this._panelsAt = 0;
    this.bar?.show();
    if (!this.player.playing && !this.player.atEdge) this._remember();
  }

  /** Takes more of a living town. */
  grow(parts) {
    const { film, player } = this;
    this.views[0].grown(film.append(parts));
    player.first = film.first;
    player.extend(film.last);
    this.timeline.fit();
    this._dirty = true;
  }

  /** Another town lives in place of the one before. */
  begin(film) {
    this.films[0] = film;
    this.views[0].take(film);
    const { player } = this;
    player.first = film.first;
    player.extend(film.last);
    if (player.position < player.first || player.position > player.last) player.goAlong();
    if (player.atEdge) player.position = player.last;
    this.timeline.fit();
    this.timeline.renew();
    this._dirty = true;
  }

  /** Takes what a living town says: of itself, of a mind, or to this window. */
  heard(message) {
    const { bar, film } = this;
    if (message.kind === "you") {
      bar.window = message.window;
      this.link.ask({ do: "look", number: this.stage.selected });
    } else if (message.kind === "line") bar.connected = message.connected;
    else if (message.kind === "state") {
      bar.take(message);
      film.about.ledger = message.ledger;
      if (message.ended) film.renew();
    } else if (message.kind === "curves") this.panels.training.take(message);
    else if (message.kind === "said") bar.say(message.words);
    else if (message.kind === "thought") film.thoughts.take(message);
    bar.show();
    this._dirty = true;
  }

  /** Goes to the moment of a link. */
  goTo({ tick, agent, tab, follow }) {
    if (agent !== undefined && this.film.index.has(agent)) this.select(this.film.index.get(agent), true);
    if (tab) this.openTab(tab);
    if (follow && this.stage.selected >= 0) this.following = true;
    this.player.seek(tick ?? this.player.tick);
  }

  /** Chooses an agent, -1 for nobody; `open` shows its panel. */
  select(agent, open = true) {
    this.stage.selected = agent;
    if (agent < 0) this.following = false;
    this.link?.ask({ do: "look", number: agent });
    if (agent >= 0 && open) this.openTab("agent");
    this.timeline?.renew();
    this.changed();
  }

  openTab(name) {
    this.tab = name;
    for (const tab of this.tabs) {
      byId(`tab-${tab}`).setAttribute("aria-selected", String(tab === name));
      byId(`tab-${tab}`).tabIndex = tab === name ? 0 : -1;
      byId(`panel-${tab}`).hidden = tab !== name;
    }
    this.changed();
  }

  follow() {
    this.following = !this.following && this.stage.selected >= 0;
    const { camera } = this.stage;
    if (this.following && camera.scale < 22) camera.scale = 26;
    this.changed();
  }

  _buildMaps() {
    const several = this.films.length > 1;
    this.views = this.films.map((film, number) => {
      const canvas = element("canvas", { attrs: { role: "img" } });
      const tip = element("div", { className: "tip", hidden: true });
      const box = element("div", { className: "map" }, canvas, tip);
      if (several) box.append(element("div", { className: "tag" }, element("bdi", { textContent: this._nameOfFilm(number) })));
      byId("maps").append(box);
      const view = new TownView(canvas, film, this.stage);
      listenToPointer(view, tip, this.stage, {
        select: (agent) => {
          if (several) this.show(number);
          this.select(agent);
        },
        moved: (moved) => {
          if (moved) this.following = false;
          this._dirty = true;
        },
      });
      return view;
    });
    new ResizeObserver(() => {
      if (this.stage.camera.fitted) this._fit();
      this.timeline?.renew();
      this.changed();
    }).observe(byId("maps"));
    this._fit();
  }

  _nameOfFilm(number) {
    const letters = this.films.length > 1 ? `${"AB"[number]}: ` : "";
    return `${letters}${plain(this.films[number].about.name)}`;
  }

  _fit() {
    const { width, height } = this.views[0].size;
    if (width) this.stage.camera.fit(width, height);
    this._dirty = true;
  }

  /** Tells of another of the films in the panels. */
  show(number) {
    if (number === this.shown) return;
    const name = this.agentName;
    this.shown = number;
    this.stage.selected = name === null ? -1 : this.film.index.get(name) ?? -1;
    this._markWhich();
    this.timeline.renew();
    this.changed();
  }

  _markWhich() {
    for (const [number, button] of [...byId("which").children].entries()) button.setAttribute("aria-pressed", String(number === this.shown));
  }

  _buildPanels() {
    const titles = [...new Set(this.films.map((film) => plain(film.title)))];
    byId("title").append(...titles.flatMap((title, i) => [i ? " and " : "", element("bdi", { textContent: title })]));
    this._notes();
    if (this.films.length > 1) {
      byId("which").hidden = false;
      byId("which").append(...this.films.map((_, number) => element("button", {
        type: "button", textContent: this._nameOfFilm(number), onclick: () => this.show(number),
      })));
      this._markWhich();
    }
    const actions = {
      select: (agent, open) => this.select(agent, open), seek: (tick) => this.player.seek(tick), follow: () => this.follow(),
      found: (ticks) => {
        this.timeline.found = ticks;
        this.timeline.renew();
        this._dirty = true;
      },
    };
    this.timeline = new Timeline(byId("timeline"), byId("slider"), this.player);
    if (this.films.length > 1) {
      const [a, b] = this.films;
      this._pairs = pairs(a, b);
      this.timeline.differences = differences(a, b);
    }
    this.panels = { town: new TownPanel(byId("panel-town"), actions), agent: new AgentPanel(byId("panel-agent"), actions), events: new EventsPanel(byId("panel-events"), actions) };
    if (this.training) {
      byId("tab-training").hidden = false;
      this.panels.training = new this.live.TrainingPanel(byId("panel-training"));
    }
    this.openTab(this.tab);
  }

  _notes() {
    const notes = this.films.flatMap((film, number) => film.about.notes.map((note) => (this.films.length > 1 ? `${"AB"[number]}: ${note}` : note)));
    if (!notes.length) return;
    const box = byId("notes");
    box.hidden = false;
    box.append(element("p", { textContent: plain(notes.join(" ")) }),
      element("button", { type: "button", className: "small", textContent: "Hide", onclick: () => { box.hidden = true; } }));
  }

  _listen() {
    const { player } = this;
    const on = (id, act) => byId(id).addEventListener("click", act);
    on("play", () => this.do("play"));
    on("start", () => player.step(-Infinity));
    on("end", () => this.do("end"));
    on("back", () => player.step(-1));
    on("ahead", () => player.step(1));
    on("ties", () => this.do("ties"));
    on("fit", () => this.do("fit"));
    on("theme", () => this.do("theme"));
    on("help", () => this.do("help"));
    for (const tab of this.tabs) on(`tab-${tab}`, () => this.openTab(tab));
    const speed = byId("speed");
    speed.append(...SPEEDS.map((value) => element("option", { value, textContent: `${value} ticks/s` })));
    speed.addEventListener("change", () => player.setSpeed(Number(speed.value)));
    byId("tick").addEventListener("change", () => { player.playing = false; player.seek(Number(byId("tick").value) || 0); });
    addEventListener("hashchange", () => { if (location.hash !== this._hash) this.goTo(readLink(location.hash)); });
    addEventListener("keydown", (event) => {
      const command = commandOf(event);
      const choice = command !== "leave" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target?.tagName) && !event.ctrlKey && !event.altKey && !event.metaKey
        ? this.bar?.choiceOf(event.key) ?? null : null;
      if (choice !== null) {
        this.link.ask(choice);
        event.preventDefault();
        return;
      }
      const inTabs = event.target?.getAttribute?.("role") === "tab" && event.key.startsWith("Arrow");
      if (inTabs) this._turnTab(event.key === "ArrowRight" ? 1 : -1);
      else if (command === null || byId("keys").open) return;
      else this.do(command);
      event.preventDefault();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { this.timeline.renew(); this.changed(); });
    const hint = byId("hint");
    byId("slider").addEventListener("pointermove", (event) => {
      const box = byId("slider").getBoundingClientRect();
      hint.hidden = false;
      setText(hint, this.timeline.at(event.clientX - box.left, box.width, this.film).words);
      hint.style.left = `${Math.min(Math.max(event.clientX - box.left, 70), box.width - 70)}px`;
    });
    byId("slider").addEventListener("pointerleave", () => { hint.hidden = true; });
  }

  _turnTab(direction) {
    const { tabs } = this;
    const next = tabs[(tabs.indexOf(this.tab) + direction + tabs.length) % tabs.length];
    this.openTab(next);
    byId(`tab-${next}`).focus();
  }

  /** Does what a key or button asks for. */
  do(command) {
    const { player, stage } = this;
    const acts = {
      play: () => { if (player.atEdge && this.training) player.seek(player.tick); else if (player.atEdge) this.bar.togglePause(); else player.toggle(); }, back: () => player.step(-1), ahead: () => player.step(1), back10: () => player.step(-10),
      ahead10: () => player.step(10), start: () => player.step(-Infinity), end: () => { if (this.link) player.goAlong(); else player.step(Infinity); },
      faster: () => player.shift(1), slower: () => player.shift(-1), fit: () => { this.following = false; this._fit(); },
      next: () => this._turnAgent(1), previous: () => this._turnAgent(-1), follow: () => this.follow(), release: () => this.select(-1),
      leave: () => document.activeElement.blur(), help: () => byId("keys").showModal(),
      ties: () => {
        stage.ties = !stage.ties;
        byId("ties").setAttribute("aria-pressed", String(stage.ties));
      },
      search: () => { this.openTab("events"); this._fillPanels(); this.panels.events.field.focus(); },
      theme: () => this._turnTheme(), town: () => this.openTab("town"), agent: () => this.openTab("agent"), events: () => this.openTab("events"),
      eventBefore: () => this._turnEvent(-1), eventAfter: () => this._turnEvent(1),
    };
    acts[command]();
    this.changed();
  }

  _turnAgent(direction) {
    const { agents } = this.film;
    this.select((this.stage.selected + direction + agents + (this.stage.selected < 0 && direction < 0 ? 1 : 0)) % agents);
  }

  _turnEvent(direction) {
    this.panels.events.show(this.film, this.player.tick);
    const tick = this.panels.events.neighbour(this.player.tick, direction);
    if (tick !== null) this.player.step(tick - this.player.tick);
  }

  _turnTheme() {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    this.timeline.renew();
  }

  /** Writes the moment into the address, when the film stands still. */
  _remember() {
    clearTimeout(this._remembering);
    this._remembering = setTimeout(() => {
      this._hash = writeLink({ tick: this.player.tick, agent: this.agentName, tab: this.tab, follow: this.following });
      try {
        history.replaceState(null, "", this._hash);
      } catch { /* a page inside another, as in a notebook, may have no address of its own */ }
      const { film } = this;
      const frame = film.frameAt(this.player.tick);
      const who = this.stage.selected >= 0 ? ` ${nameOf(film, this.stage.selected)} is ${doing(film, frame, this.stage.selected)}.` : "";
      setText(byId("said"), `Tick ${this.player.tick}, ${clock(this.player.tick, film.scenery.dayTicks)}.${who}`);
    }, 150);
  }

  _frame(now) {
    const seconds = Math.min((now - this._before) / 1000, 0.25);
    this._before = now;
    const moved = this.player.advance(seconds);
    const alive = moved || this._pursue(seconds);
    const runs = this.player.playing || this.player.atEdge;
    const due = now / 1000 - this._panelsAt > PANEL_EVERY;
    if (alive || this._dirty || (this._stale && due)) {
      this._dirty = false;
      this._mark();
      for (const view of this.views) view.draw(now / 1000);
      this.timeline.draw(this.film, this.stage.selected);
      this._stale = runs && !due;
      if (!this._stale) {
        this._panelsAt = now / 1000;
        this._fillPanels();
      }
    }
    requestAnimationFrame((next) => this._frame(next));
  }

  /** Keeps the followed agent in the middle; tells whether the camera moved. */
  _pursue(seconds) {
    if (!this.following) return false;
    const spot = this.views[this.shown].spotOf(this.stage.selected);
    if (!spot) return false;
    const { camera } = this.stage;
    if (Math.hypot(spot.x - camera.x, spot.y - camera.y) < 0.02) return false;
    camera.pursue(spot.x, spot.y, this.stage.calm ? 1 : 1 - Math.exp(-seconds * 5));
    return true;
  }

  /** Marks who differs between two recordings. */
  _mark() {
    if (this.films.length < 2) return;
    const [a, b] = this.films;
    const [frameA, frameB] = this.films.map((film) => film.frameAt(this.player.tick));
    for (const view of this.views) view.marked.clear();
    for (const [one, two] of this._pairs) {
      if (!differ(a, frameA, one, b, frameB, two)) continue;
      this.views[0].marked.add(one);
      this.views[1].marked.add(two);
    }
  }

  _fillPanels() {
    const { film, player } = this;
    const tick = Math.min(Math.max(player.tick, film.first), film.last);
    const frame = film.frameAt(tick);
    const other = this.films.length > 1 ? this.films[1 - this.shown] : null;
    const beside = other ? { film: other, frame: other.frameAt(Math.min(tick, other.last)) } : null;
    byId("clock").replaceChildren(clock(player.tick, film.scenery.dayTicks), element("small", { textContent: `tick ${player.tick}` }));
    const off = [film.power(frame) ? null : "power off", film.water(frame) ? null : "water off"].filter(Boolean);
    if (byId("services").dataset.off !== off.join()) {
      byId("services").dataset.off = off.join();
      byId("services").replaceChildren(...off.map((words) => element("span", { textContent: words })));
    }
    const play = byId("play");
    const runs = player.playing || (player.atEdge && !this.bar.state.paused);
    play.firstChild.firstChild.setAttribute("d", runs ? "M3 2h4v12H3zM9 2h4v12H9z" : "M3 2v12l11-6z");
    play.setAttribute("aria-label", runs ? "Pause" : "Play");
    byId("speed").value = String(player.speed);
    if (document.activeElement !== byId("tick")) byId("tick").value = String(player.tick);
    if (this.tab === "training") this.panels.training.show();
    if (this.tab === "town") this.panels.town.show(film, frame, beside);
    if (this.tab === "agent") this.panels.agent.show(film, frame, this.stage.selected, this.following, beside);
    if (this.tab === "events") this.panels.events.show(film, player.tick);
    for (const view of this.views) view.canvas.setAttribute("aria-label", `Map of ${plain(view.film.title)}, ${clock(player.tick, film.scenery.dayTicks)}`);
  }
}
