// A plan of a slow mind in words.

import { element } from "./dom.js";
import { stepAt } from "./plans.js";
import { counted, plain, round } from "./words.js";

const STARTS = { feature_below: "falls below", feature_above: "rises above" };

/** What ends a plan early, as a sentence; empty for nothing. */
export function untilWords(until = []) {
  const words = until.map(([kind, feature, limit]) => (STARTS[kind] ? `${plain(feature.replaceAll("_", " "))} ${STARTS[kind]} ${round(limit)}`
    : kind === "spoken_to" ? "somebody talks to it" : kind === "impossible" ? "a step becomes impossible" : plain(kind)));
  return words.length ? `Ends early if ${words.join(", or if ")}.` : "";
}

/** The elements that tell of what an agent has in mind; `byTick` where every agent decides on each tick. */
export function planElements(found, now, byTick) {
  const line = (textContent, className = "") => element("p", { textContent, className });
  if (found === null) return [line("No plan yet.", "quiet")];
  const { plan, dropped, failure } = found;
  const told = [];
  if (plan) {
    const at = !byTick || dropped ? -1 : stepAt(plan, now);
    const late = plan.tick - plan.asked;
    told.push(
      line(`Made at tick ${plan.tick}${late > 0 ? `, ${counted(late, "tick")} after it was asked` : ""}.${at === plan.steps.length ? " Completed." : ""}`, "quiet"),
      element("ol", { className: "plan" }, ...plan.steps.map(([name, ticks], i) => element("li", {
        className: i === at ? "now" : "", textContent: `${plain(name)}${ticks > 1 ? ` \u00d7 ${ticks}` : ""}`, attrs: i === at ? { "aria-current": "step" } : {},
      }))),
    );
    if (plan.until?.length) told.push(line(untilWords(plan.until), "quiet"));
    if (plan.reasons) told.push(element("blockquote", {}, ...plan.reasons.split("\n").map((words) => element("p", {}, element("bdi", { textContent: plain(words) })))));
  }
  if (dropped) told.push(line(`Dropped at tick ${dropped.tick}: ${plain(dropped.dropped)}`));
  if (failure) told.push(line(`No plan at tick ${failure.tick}: ${plain(failure.failure)}`));
  return told;
}
