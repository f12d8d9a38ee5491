// Small helpers for elements. Text only ever becomes text, never markup.

/** An element with properties, attributes (in `attrs`) and children: elements or texts. */
export function element(tag, properties = {}, ...children) {
  const { attrs = {}, dataset = {}, ...rest } = properties;
  const made = document.createElement(tag);
  Object.assign(made, rest);
  Object.assign(made.dataset, dataset);
  for (const [name, value] of Object.entries(attrs)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** The element of an id. */
export function byId(id) {
  return document.getElementById(id);
}

/** Sets the text of an element, where it is another one. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** Fills a list of terms and texts, touching only what changed. */
export function fillList(list, rows) {
  while (list.children.length > rows.length * 2) list.lastChild.remove();
  rows.forEach(([term, text, about], i) => {
    if (list.children.length <= i * 2) list.append(element("dt"), element("dd"));
    setText(list.children[i * 2], term);
    setText(list.children[i * 2 + 1], text);
    list.children[i * 2].title = about ?? "";
  });
}

/** A canvas fitted to its place on the screen: its context, scaled to CSS pixels, and its size in them. */
export function fitCanvas(canvas) {
  const ratio = globalThis.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height, ratio };
}

/** The value of a colour variable of the theme. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
