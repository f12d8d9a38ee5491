// Opens the page of a town that lives on this machine, or of a training run: waits for the first frames, and starts.

import { App } from "./app.js";
import { LiveBar } from "./live-bar.js";
import { LiveFilm } from "./live-film.js";
import { LiveLink } from "./live-link.js";
import { complain, show } from "./opening.js";
import { TrainingPanel } from "./training-panel.js";

function watch() {
  const address = new URL("/town", location.href);
  address.protocol = "ws:";
  address.search = location.search;
  let app = null;
  let first = null;
  let town = 0;
  const early = []; // messages that came before there was a page
  const link = new LiveLink(address, {
    hello: (head, scenery) => { first = { head, scenery }; },
    frames: (parts, number) => {
      if (app !== null) {
        if (number === town) app.grow(parts);
        else app.begin(new LiveFilm(first.head, first.scenery, parts));
        town = number;
        return;
      }
      town = number;
      app = new App([new LiveFilm(first.head, first.scenery, parts)], { link, LiveBar, TrainingPanel });
      show(app);
      for (const message of early) app.heard(message);
    },
    text: (message) => {
      if (message.kind === "state" && message.ended) link.ended = true;
      if (app === null) early.push(message);
      else app.heard(message);
    },
    line: (connected) => {
      if (app !== null) app.heard({ kind: "line", connected });
      else if (!connected) complain("Cannot connect to the town. Check that townlet is still running and that the address is complete.");
    },
  });
}

watch();
