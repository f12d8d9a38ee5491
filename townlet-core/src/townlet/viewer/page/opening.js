// What pages of recordings and of living towns do alike when they open.

import { byId, element } from "./dom.js";

/** The page is there. */
export function show(app) {
  globalThis.townlet = app; // for whoever opens the console
  document.documentElement.dataset.ready = "yes";
  performance.mark("ready");
}

/** Says in place of the map why there is none. */
export function complain(words) {
  byId("maps").replaceChildren(element("p", { textContent: words }));
}
