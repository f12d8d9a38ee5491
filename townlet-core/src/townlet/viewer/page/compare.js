// Two recordings at the same tick: who differs, and from when on.

const SEEN = ["y", "x", "activity", "object", "life"];

/** Pairs of agents of the same name: [agent of a, agent of b]. */
export function pairs(a, b) {
  return a.scenery.agents.map((name, agent) => [agent, b.index.get(name)]).filter(([, other]) => other !== undefined);
}

/** Whether two agents are in other places or do other things. */
export function differ(a, frameA, agentA, b, frameB, agentB) {
  return SEEN.some((name) => a.raw(name, frameA, agentA) !== b.raw(name, frameB, agentB));
}

/** Share of agents that differ at each tick that both have: [{tick, share}]. */
export function differences(a, b) {
  const both = pairs(a, b);
  const found = [];
  const step = Math.max(1, Math.ceil(a.frames / 4000));
  for (let frame = 0; frame < a.frames; frame += step) {
    const tick = a.ticks[frame];
    if (tick < b.first || tick > b.last) continue;
    const other = b.frameAt(tick);
    let count = 0;
    for (const [one, two] of both) if (differ(a, frame, one, b, other, two)) count++;
    found.push({ tick, share: both.length ? count / both.length : 0 });
  }
  return found;
}
