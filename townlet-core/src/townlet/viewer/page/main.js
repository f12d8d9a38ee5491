// Opens the page of recordings: reads the films out of it, and starts.

import { App } from "./app.js";
import { byId } from "./dom.js";
import { openFilm, pagePart } from "./recorded-film.js";
import { complain, show } from "./opening.js";

async function start() {
  const { films } = JSON.parse(byId("about").textContent);
  const opened = await Promise.all(films.map(({ title, about }, number) => openFilm(title, about, pagePart(number))));
  show(new App(opened));
}

start().catch((error) => {
  complain(`The recording in this page cannot be read: ${error.message}`);
  throw error;
});
