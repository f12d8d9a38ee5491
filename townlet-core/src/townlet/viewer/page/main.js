// Opens the page: reads the films out of it, and starts.

import { App } from "./app.js";
import { byId, element } from "./dom.js";
import { openFilm, pagePart } from "./film.js";
import { LiveFilm } from "./live-film.js";
import { LiveLink } from "./live-link.js";

async function start() {
  const { films, live } = JSON.parse(byId("about").textContent);
  if (live) {
    watch();
    return;
  }
  const opened = await Promise.all(films.map(({ title, about }, number) => openFilm(title, about, pagePart(number))));
  show(new App(opened));
}

function show(app) {
  globalThis.townlet = app; // for whoever opens the console
  document.documentElement.dataset.ready = "yes";
  performance.mark("ready");
}

/** Waits for the town that lives on this machine. */
function watch() {
  const address = new URL("/town", location.href);
  address.protocol = "ws:";
  address.search = location.search;
  let app = null;
  let first = null;
  let window = 0;
  const link = new LiveLink(address, {
    hello: (head, scenery) => { first = { head, scenery }; },
    frames: (parts) => {
      if (app !== null) {
        app.grow(parts);
        return;
      }
      app = new App([new LiveFilm(first.head, first.scenery, parts)], link);
      app.bar.window = window;
      show(app);
    },
    text: (message) => {
      if (message.kind === "you") window = message.window;
      if (message.kind === "state" && message.ended) link.ended = true;
      app?.heard(message);
    },
    line: (connected) => {
      if (app !== null) app.heard({ kind: "line", connected });
      else if (!connected) byId("maps").replaceChildren(element("p", { textContent: "Cannot connect to the town. Check that townlet is still running and that the address is complete." }));
    },
  });
}

start().catch((error) => {
  byId("maps").replaceChildren(element("p", { textContent: `The recording in this page cannot be read: ${error.message}` }));
  throw error;
});
