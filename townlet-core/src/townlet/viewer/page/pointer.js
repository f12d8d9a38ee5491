// Mouse and fingers on the map: move, zoom, point at, choose.

import { setText } from "./dom.js";
import { clothes } from "./palette.js";
import { counted, doing, nameOf, objectName } from "./words.js";

const CLICK = 6; // pixels that a click may wander

/** Lets a map be moved and people be chosen; `actions`: {select(agent), moved()}. */
export function listenToPointer(view, tip, stage, actions) {
  const { canvas } = view;
  const fingers = new Map();
  let wandered = 0;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    wandered = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = place(event);
    const before = fingers.get(event.pointerId);
    if (!before) {
      point(view, tip, at);
      actions.moved(false);
      return;
    }
    const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, spot]) => spot);
    const { camera } = stage;
    const { width, height } = view.size;
    if (others.length) {
      const far = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
      camera.zoom(far(at, others[0]) / Math.max(far(before, others[0]), 1), (at.x + others[0].x) / 2, (at.y + others[0].y) / 2, width, height);
    }
    wandered += Math.hypot(at.x - before.x, at.y - before.y);
    if (wandered > CLICK || others.length) {
      camera.moveTo(camera.x - (at.x - before.x) / camera.scale, camera.y - (at.y - before.y) / camera.scale);
      actions.moved(true);
    }
    fingers.set(event.pointerId, at);
  });
  canvas.addEventListener("pointerup", (event) => {
    if (fingers.delete(event.pointerId) && wandered <= CLICK && fingers.size === 0) {
      const at = place(event);
      actions.select(view.agentAt(at.x, at.y));
    }
  });
  canvas.addEventListener("pointercancel", (event) => fingers.delete(event.pointerId));
  canvas.addEventListener("pointerleave", () => {
    tip.hidden = true;
    view.hovered = -1;
    actions.moved(false);
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const at = place(event);
    const { width, height } = view.size;
    stage.camera.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), at.x, at.y, width, height);
    actions.moved(true);
  }, { passive: false });
}

/** Tells what is under the pointer. */
function point(view, tip, at) {
  const { film, stage } = view;
  const frame = film.frameAt(stage.player.tick);
  const agent = view.agentAt(at.x, at.y);
  view.hovered = agent;
  let words = "";
  if (agent >= 0) words = `${nameOf(film, agent)}: ${doing(film, frame, agent)}`;
  else {
    const object = view.objectAt(at.x, at.y);
    if (object >= 0) words = objectWords(film, frame, object, view.useAt(frame)[object]);
  }
  view.canvas.classList.toggle("over", agent >= 0);
  tip.hidden = words === "";
  if (tip.hidden) return;
  setText(tip, words);
  tip.style.borderLeft = agent >= 0 ? `4px solid ${clothes(agent)}` : "";
  const { width, height } = view.size;
  tip.style.left = `${Math.min(at.x + 14, Math.max(width - tip.offsetWidth - 4, 0))}px`;
  tip.style.top = `${Math.min(at.y + 14, Math.max(height - tip.offsetHeight - 4, 0))}px`;
}

function objectWords(film, frame, object, { user, queue }) {
  const selling = film.scenery.selling.indexOf(object);
  const words = [
    film.raw("closed", frame, object) ? "closed" : user >= 0 ? `used by ${nameOf(film, user)}` : "free",
    queue.length ? `waiting: ${queue.map((agent) => nameOf(film, agent)).join(", ")}` : "",
    selling >= 0 ? `${counted(film.at("stock", frame, selling), "unit")} in stock` : "",
  ];
  return `${objectName(film, object)}: ${words.filter(Boolean).join("; ")}`;
}
