// The panel of a training run: how far it is, and its curves.

import { colour, element, fitCanvas, setText } from "./dom.js";
import { counted, plain } from "./words.js";

const PHASES = { bc: "Cloning", ppo: "Learning from reward", anneal: "Gates" };
const STEPS = { bc: "epoch", ppo: "update", anneal: "stage" };
const LABELS = {
  loss: "loss, held out", train_loss: "loss, training", accuracy: "accuracy, held out", majority_accuracy: "accuracy of the commonest action",
  reward_mean: "reward per agent and tick", return_mean: "return of a life", lost_days: "lost days per agent-day", policy_loss: "policy loss", value_loss: "value loss",
  entropy: "entropy", approx_kl: "KL per update", samples_per_second: "samples a second", agent_ticks_per_second: "agent-ticks a second",
  passed: "gate passed", flags: "objections",
};
const FIRST = new Set(["loss", "accuracy", "reward_mean", "return_mean", "lost_days", "value_loss", "entropy", "approx_kl", "samples_per_second", "passed", "flags"]);

export class TrainingPanel {
  constructor(root) {
    this.root = root;
    this._told = { last: {}, phases: {} };
    this._charts = new Map(); // "phase metric": {canvas, last, values, steps}
    this._boxes = new Map(); // phase: {head, first, rest}
    this._fresh = true;
    this._where = element("p", { className: "doing", attrs: { role: "status" } });
    root.append(this._where);
    new ResizeObserver(() => { this._fresh = true; this.show(); }).observe(root);
  }

  /** Takes curves: {last: {phase, step, total, samples, seconds}, phases: {name: {steps, metrics}}}. */
  take(told) {
    this._told = told;
    this._fresh = true;
  }

  show() {
    if (!this._fresh || this.root.hidden) return;
    this._fresh = false;
    const { last, phases } = this._told;
    setText(this._where, progressWords(last));
    for (const [phase, { steps, metrics }] of Object.entries(phases)) {
      const box = this._box(phase);
      setText(box.head, PHASES[phase] ?? plain(phase));
      for (const [name, values] of Object.entries(metrics)) this._chart(phase, name, FIRST.has(name) ? box.first : box.rest, steps, values);
      box.more.hidden = !box.rest.firstChild;
    }
    for (const chart of this._charts.values()) drawCurve(chart);
  }

  _box(phase) {
    if (!this._boxes.has(phase)) {
      const box = { head: element("h3"), first: element("div", { className: "charts" }), rest: element("div", { className: "charts" }) };
      box.more = element("details", { ontoggle: () => { for (const chart of this._charts.values()) drawCurve(chart); } }, element("summary", { textContent: "Other metrics" }), box.rest);
      this.root.append(element("section", {}, box.head, box.first, box.more));
      this._boxes.set(phase, box);
    }
    return this._boxes.get(phase);
  }

  _chart(phase, name, box, steps, values) {
    const key = `${phase} ${name}`;
    if (!this._charts.has(key)) {
      const canvas = element("canvas", { attrs: { role: "img" } });
      const last = element("b");
      const label = LABELS[name] ?? plain(name.replaceAll("_", " "));
      box.append(element("figure", { className: "chart" }, element("figcaption", {}, element("span", { textContent: label, title: name }), last), canvas));
      this._charts.set(key, { canvas, last, label });
    }
    const chart = Object.assign(this._charts.get(key), { steps, values, step: STEPS[phase] ?? "step" });
    setText(chart.last, brief(values.findLast((value) => value !== null)));
    chart.canvas.setAttribute("aria-label", chartWords(chart));
  }
}

/** "Learning from reward: update 3 of 200; 12,000 samples, 45 s" */
export function progressWords({ phase, step, total, samples, seconds }) {
  if (phase === undefined) return "Waiting for the first numbers. A run that clones makes its demonstrations first.";
  const of = total ? ` of ${total}` : "";
  return `${PHASES[phase] ?? plain(phase)}: ${STEPS[phase] ?? "step"} ${step}${of}; ${samples ? `${samples.toLocaleString("en")} samples, ` : ""}${duration(seconds)}`;
}

/** A curve in words, for those who do not see it. */
export function chartWords({ label, steps, values, step }) {
  const known = values.filter((value) => value !== null);
  if (!known.length) return `${label}: no values`;
  return `${label}: from ${brief(known[0])} to ${brief(known.at(-1))} over ${counted(steps.at(-1) ?? 0, step)}; least ${brief(Math.min(...known))}, most ${brief(Math.max(...known))}`;
}

function duration(seconds) {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

function brief(value) {
  if (value === null || value === undefined) return "\u2013";
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}

function drawCurve({ canvas, steps, values }) {
  if (!canvas.clientWidth) return;
  const { context, width, height } = fitCanvas(canvas);
  context.clearRect(0, 0, width, height);
  const known = values.filter((value) => value !== null);
  if (!known.length) return;
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const [first, last] = [steps[0], steps.at(-1)];
  const x = (step) => 4 + ((step - first) / Math.max(last - first, 1)) * (width - 8);
  const y = (value) => height - 4 - (most > least ? (value - least) / (most - least) : 0.5) * (height - 8);
  context.fillStyle = colour("line");
  if (least < 0 && most > 0) context.fillRect(0, y(0), width, 1);
  context.strokeStyle = context.fillStyle = colour("accent");
  context.lineWidth = 1.6;
  context.lineJoin = "round";
  context.beginPath();
  let down = false;
  values.forEach((value, i) => {
    if (value !== null && down) context.lineTo(x(steps[i]), y(value));
    else if (value !== null) context.moveTo(x(steps[i]), y(value));
    down = value !== null;
  });
  context.stroke();
  const end = values.findLastIndex((value) => value !== null);
  context.beginPath();
  context.arc(x(steps[end]), y(values[end]), 3, 0, 2 * Math.PI);
  context.fill();
}
