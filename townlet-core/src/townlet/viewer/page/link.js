// Links into a moment: #t=412&agent=alice&tab=events

/** What a hash says: {tick, agent, tab, follow}; what is missing or makes no sense is left out. */
export function readLink(hash) {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const found = {};
  const tick = Number(words.get("t"));
  if (words.has("t") && Number.isFinite(tick) && tick >= 0) found.tick = Math.floor(tick);
  if (words.get("agent")) found.agent = words.get("agent");
  if (["town", "agent", "events"].includes(words.get("tab"))) found.tab = words.get("tab");
  if (words.get("follow") === "1") found.follow = true;
  return found;
}

/** The hash that leads back to a moment. */
export function writeLink({ tick, agent, tab, follow }) {
  const words = new URLSearchParams();
  words.set("t", String(tick));
  if (agent) words.set("agent", agent);
  if (tab && tab !== "town" && !(tab === "agent" && agent)) words.set("tab", tab);
  if (follow) words.set("follow", "1");
  return `#${words}`;
}
