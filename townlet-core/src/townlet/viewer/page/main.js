// Opens the page: reads the films out of it, and starts.

import { App } from "./app.js";
import { byId, element } from "./dom.js";
import { openFilm, pagePart } from "./film.js";

async function start() {
  const { films } = JSON.parse(byId("about").textContent);
  const opened = await Promise.all(films.map(({ title, about }, number) => openFilm(title, about, pagePart(number))));
  globalThis.townlet = new App(opened); // for whoever opens the console
  document.documentElement.dataset.ready = "yes";
  performance.mark("ready");
}

start().catch((error) => {
  byId("maps").replaceChildren(element("p", { textContent: `The recording in this page cannot be read: ${error.message}` }));
  throw error;
});
