// What the page's scripts do without a page. Run by node --test; see tests/viewer/test_scripts.py.

import assert from "node:assert/strict";
import test from "node:test";
import { deflateSync } from "node:zlib";

const page = new URL("../../../townlet-core/src/townlet/viewer/page/", import.meta.url);
const from = (name) => import(new URL(name, page));
const { fromBase64, unpack } = await from("columns.js");
const { untilWords } = await from("plan-words.js");
const { Plans, stepAt } = await from("plans.js");
const { lastAtOrBefore } = await from("search.js");
const { readLink, writeLink } = await from("link.js");
const { Player } = await from("player.js");
const { Camera } = await from("camera.js");
const { commandOf } = await from("keys.js");
const { darkness, lampPosts } = await from("light.js");
const { counted, hour, mood, ordinal, plain, round, withoutMinds } = await from("words.js");
const { accountRows, policyRows } = await from("town-panel.js");

test("a packed part of the other language is read as it was written", async () => {
  const { packed, expected } = JSON.parse(process.env.PACKED);
  const { about, columns } = await unpack(fromBase64(packed));
  assert.deepEqual(about, { said: "\u202e</script>" });
  for (const [name, values] of Object.entries(expected)) assert.deepEqual(Array.from(columns[name].data), values, name);
});

test("a damaged part is refused", async () => {
  await assert.rejects(unpack(new Uint8Array([1, 2, 3])));
  await assert.rejects(unpack(deflateSync(Buffer.from("abcdefgh")).subarray(0, 9)));
});

test("the last number at or before a value is found", () => {
  assert.deepEqual([-1, 0, 1, 4, 5, 99].map((value) => lastAtOrBefore([0, 4, 5], value)), [-1, 0, 0, 1, 2, 2]);
  assert.equal(lastAtOrBefore([], 3), -1);
});

test("a link that is written is read again", () => {
  for (const moment of [{ tick: 412, agent: "alice" }, { tick: 0 }, { tick: 7, agent: "a&b=c#d \u202e", tab: "events", follow: true }]) {
    const { tab, ...rest } = readLink(writeLink(moment));
    assert.deepEqual({ ...rest, ...(moment.tab ? { tab } : {}) }, moment);
  }
});

test("what makes no sense in a link is left out", () => {
  assert.deepEqual(readLink("#t=-1&tab=nowhere&follow=maybe&agent="), {});
  assert.deepEqual(readLink("#t=Infinity"), {});
  assert.deepEqual(readLink(""), {});
});

test("time runs by the speed, stops at the end, and begins anew from there", () => {
  let changes = 0;
  const player = new Player(100, 200, () => changes++);
  player.toggle();
  player.setSpeed(40);
  assert.equal(player.advance(0.5), true);
  assert.equal(player.tick, 120);
  player.advance(100);
  assert.deepEqual([player.tick, player.playing], [200, false]);
  player.toggle();
  assert.deepEqual([player.tick, player.playing], [100, true]);
  assert.equal(changes, 4);
});

test("stepping stops and stays within the film", () => {
  const player = new Player(100, 200, () => {});
  player.toggle();
  player.step(-5);
  assert.deepEqual([player.tick, player.playing], [100, false]);
  player.step(Infinity);
  assert.equal(player.tick, 200);
  player.seek(150.9);
  assert.equal(player.position, 150);
});

test("zooming keeps what is under the pointer", () => {
  const camera = new Camera(48, 48);
  camera.fit(960, 480);
  assert.equal(camera.scale, 10);
  const before = camera.toTiles(500, 200, 960, 480);
  camera.zoom(3, 500, 200, 960, 480);
  const after = camera.toTiles(500, 200, 960, 480);
  assert.ok(Math.abs(before.x - after.x) + Math.abs(before.y - after.y) < 1e-9);
  assert.deepEqual(Object.values(camera.toView(after.x, after.y, 960, 480)).map(Math.round), [500, 200]);
});

test("keys mean nothing while somebody writes", () => {
  const press = (key, rest = {}) => commandOf({ key, target: { tagName: "BODY" }, ...rest });
  assert.equal(press(" "), "play");
  assert.equal(press("ArrowLeft", { shiftKey: true }), "back10");
  assert.equal(press("N"), "next");
  assert.equal(press("f", { ctrlKey: true }), null);
  assert.equal(press("q"), null);
  assert.equal(press(" ", { target: { tagName: "BUTTON" } }), null);
  assert.equal(press("/", { target: { tagName: "INPUT", type: "search" } }), null);
  assert.equal(press("Escape", { target: { tagName: "INPUT", type: "search" } }), "leave");
  assert.equal(press("ArrowRight", { target: { tagName: "INPUT", type: "range" } }), "ahead");
});

test("midnight is dark, noon is not, and dusk lies between", () => {
  assert.equal(darkness(0), 1);
  assert.equal(darkness(0.5), 0);
  assert.ok(darkness(20 / 24) > 0 && darkness(20 / 24) < 1);
  assert.ok(darkness(23.9 / 24) > 0.99);
});

test("lamp posts stand in streets, apart from one another", () => {
  const street = "#.................#";
  const houses = "#.##...........##.#";
  const ground = ["###################", street, houses, houses, street, "###################"];
  const lamps = lampPosts(ground);
  for (const [y, x] of lamps) assert.equal(ground[y][x], ".");
  assert.ok(lamps.length > 1);
  for (const [i, [y, x]] of lamps.entries()) {
    for (const [oy, ox] of lamps.slice(i + 1)) assert.ok(Math.abs(y - oy) + Math.abs(x - ox) >= 6);
  }
});

test("words for numbers", () => {
  assert.deepEqual([1, 2, 3, 4, 11, 12, 13, 21, 112].map(ordinal), ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th"]);
  assert.deepEqual([hour(0, 1000), hour(500, 1000), hour(600, 1000), hour(999, 1000)], ["00:00", "12:00", "14:24", "23:58"]);
  assert.deepEqual([counted(1, "tick"), counted("2", "tick")], ["1 tick", "2 ticks"]);
  assert.deepEqual([round(1.5), round(2), round(0.126)], ["1.5", "2", "0.13"]);
  assert.deepEqual([0.1, 0.2, 0.4, 0.9].map(mood), [0, 1, 2, 3]);
});

const SAID = [
  { tick: 10, slot: 1, asked: 10, steps: [["use", 3], ["wait", 2]], until: [["feature_below", "need_hunger", 0.2], ["spoken_to", "", 0]], reasons: "hungry" },
  { tick: 12, slot: 1, asked: 10, dropped: "somebody spoke" },
  { tick: 15, slot: 1, asked: 15, failure: "it refused" },
  { tick: 20, slot: 1, asked: 18, steps: [["chat", 1]] },
];

test("of a slow mind it is told what holds at a tick", () => {
  const plans = new Plans(SAID);
  const at = (tick) => Object.entries(plans.of(1, tick) ?? {}).filter(([, one]) => one).map(([name, one]) => `${name} ${one.tick}`);
  assert.deepEqual([9, 10, 12, 16, 99].map(at), [[], ["plan 10"], ["plan 10", "dropped 12"], ["plan 10", "dropped 12", "failure 15"], ["plan 20"]]);
  assert.deepEqual([plans.of(0, 50), plans.empty, new Plans().empty], [null, false, true]);
});

test("what was told before is not taken twice", () => {
  const plans = new Plans(SAID.slice(0, 2));
  plans.take(SAID);
  assert.equal(plans.of(1, 99).plan.tick, 20);
  plans.take([{ tick: 20, slot: 1, asked: 18, steps: [["chat", 1]] }]);
  assert.equal(plans._of.get(1).length, 4);
});

test("a plan's step is that of the tick, and its ends are told in words", () => {
  assert.deepEqual([10, 12, 13, 14, 15].map((tick) => stepAt(SAID[0], tick)), [0, 0, 1, 1, 2]);
  assert.equal(untilWords(SAID[0].until), "Ends early if need hunger falls below 0.2, or if somebody talks to it.");
  assert.equal(untilWords(), "");
});

test("the account of a slow mind is told in rows", () => {
  const rows = Object.fromEntries(accountRows({ mind: "llm", who: "*", questions: 1200, plans: 9, failures: 2, calls: 3, tokens_in: 4000, tokens_out: 50, cost: 1.23456, plan_ticks: 3, fallback_ticks: 1, unasked: 4 }));
  assert.deepEqual(rows, {
    mind: "llm", plays: "everybody", questions: "1,200", plans: "9", "no plan": "2 failed", calls: "3", tokens: "4,000 in, 50 out", cost: "1.235",
    decisions: "75 % by a plan, the rest by the fallback", budget: "spent",
  });
});

test("marks that turn text around become visible", () => {
  assert.equal(plain("a\u202eb\u2066c\u0000d"), "a\u25afb\u25afc\u25afd");
  assert.equal(plain("Zo\u00eb \u5c0f \ud83d\ude00 <b>"), "Zo\u00eb \u5c0f \ud83d\ude00 <b>");
});

test("a page without minds says whether they were unwanted or had no room", () => {
  assert.match(withoutMinds({ minds: false, cramped: false }), /--no-minds/);
  assert.match(withoutMinds({ minds: false, cramped: true }), /no room.*--ticks FROM:TO/);
  assert.doesNotMatch(withoutMinds({ minds: false, cramped: true }), /--no-minds/);
});

test("of a cast it is told who plays whom", () => {
  const minds = [{ active: "stub", requested: "stub", reason: null }, { active: "scripted" }, { active: "scripted", requested: "host" }];
  const names = ["alice", ...Array(9).fill("x"), "bob", "carol"];
  const players = [0, ...Array(9).fill(1), 2, 2];
  assert.deepEqual(policyRows({ active: "cast", minds }, players, names), [
    ["stub", "alice"], ["scripted", "9 agents"], ["host (scripted)", "bob, carol"], ["active", "cast"],
  ]);
});

test("who plays is told in rows, one level down too", () => {
  const rows = policyRows({ active: "mixture", reason: null, teacher: { active: "scripted", deep: {} }, fingerprint: "0123456789abcdef".repeat(4) });
  assert.deepEqual(rows, [["active", "mixture"], ["teacher active", "scripted"], ["fingerprint", "0123456789ab"]]);
});
