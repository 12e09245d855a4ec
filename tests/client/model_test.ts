import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { EMPTY_MODEL, MAX_ARTICLES, type Model, reduce } from "../../lib/client/client/model.js";

/** Applies events without ids to a model. */
function reduceAll(
  events: readonly (readonly [type: string, data: unknown])[],
  initial: Model = EMPTY_MODEL,
) {
  return events.reduce((model, [type, data]) => reduce(model, { type, data, id: "" }), initial);
}

/** Returns a time by its second. */
const isoAt = (second: number) => new Date(1_700_000_000_000 + second * 1000).toISOString();
const quote = (symbol: string, price: string, second = 0) => ({
  symbol,
  price,
  received_at: isoAt(second),
});
const article = (id: string, second: number, fields = {}) => ({
  id,
  title: id,
  published_at: null,
  first_seen_at: isoAt(second),
  ...fields,
});
const idsOf = ({ news }: Model) => news.map(({ id }) => id).join(" ");

Deno.test("reduce() keeps the newest quote of each symbol, by the time received", () => {
  const model = reduceAll([
    ["snapshot", { quotes: [quote("A", "1", 5), quote("B", "1", 5)], status: [] }],
    ["quote", quote("A", "2", 6)],
    ["quote", quote("B", "0", 4)],
    ["quote", quote("C", "9")],
  ]);
  assertEquals(Object.values(model.quotes).map(({ price }) => price), ["2", "1", "9"]);
});

Deno.test("reduce() takes the symbols of a snapshot, but no older prices", () => {
  const model = reduceAll([
    ["quote", quote("A", "2", 6)],
    ["quote", quote("B", "2", 6)],
    ["status", { provider: "p", state: "live" }],
    ["snapshot", {
      quotes: [quote("A", "1", 5), quote("C", "3")],
      status: [{ provider: "q", state: "down" }],
    }],
  ]);
  assertEquals(Object.values(model.quotes).map(({ symbol, price }) => symbol + price), [
    "A2",
    "C3",
  ]);
  assertEquals(Object.keys(model.status), ["q"]);
});

Deno.test("reduce() keeps the articles newest first, updates them and removes retracted ones", () => {
  const model = reduceAll([
    ["article", article("a", 1)],
    ["article", article("c", 3)],
    ["article", article("b", 2)],
    ["article", article("old", 9, { published_at: isoAt(0) })],
    ["article.updated", article("a", 1, { title: "A" })],
  ]);
  assertEquals(idsOf(model), "c b a old");
  assertEquals(model.news[2]?.title, "A");
  assertEquals(idsOf(reduceAll([["article.retracted", { id: "b" }]], model)), "c a old");
});

Deno.test("reduce() evicts the oldest articles above the maximum", () => {
  const events = Array.from(
    { length: MAX_ARTICLES + 100 },
    (_, n) => ["article", article(`n${n}`, n)] as const,
  );
  const { news } = reduceAll(events);
  assertEquals([news.length, news[0]?.id, news.at(-1)?.id], [MAX_ARTICLES, "n299", "n100"]);
});

Deno.test("reduce() keeps operations and sessions apart, by id, up to their terminal states", () => {
  const { operations, sessions } = reduceAll([
    ["progress", { id: "o", state: "running" }],
    ["session", { id: "s", session_state: "thinking" }],
    ["completed", { id: "o", state: "completed" }],
    ["expired", { id: "s", session_state: "expired" }],
  ]);
  assertEquals(operations, { o: { id: "o", state: "completed" } });
  assertEquals(sessions, { s: { id: "s", session_state: "expired" } });
});

/** A model with an item of each kind. */
const FULL_MODEL = reduceAll([
  ["snapshot", { quotes: [quote("A", "1", 5)], status: [{ provider: "p", state: "live" }] }],
  ["article", article("a", 1)],
  ["progress", { id: "o" }],
  ["session", { id: "s", session_state: "x" }],
]);

/** Events that change nothing in `FULL_MODEL`. */
const REDUNDANT_EVENTS: readonly (readonly [string, unknown])[] = [
  ["quote", quote("A", "1", 5)],
  ["quote", quote("A", "0", 4)],
  ["snapshot", { quotes: [quote("A", "1", 5)], status: [{ provider: "p", state: "live" }] }],
  ["status", { provider: "p", state: "live" }],
  ["article", article("a", 1)],
  ["article.retracted", { id: "z" }],
  ["progress", { id: "o" }],
  ["session", { id: "s", session_state: "x" }],
  ["gap", { topic: "news" }],
  ["price_alert", { channel: "alerts", data: 1 }],
];

for (const [type, data] of REDUNDANT_EVENTS) {
  Deno.test(`reduce() returns the same object for ${type} ${JSON.stringify(data).slice(0, 40)}`, () => {
    assertStrictEquals(reduceAll([[type, structuredClone(data)]], FULL_MODEL), FULL_MODEL);
  });
}

Deno.test("reduce() keeps the parts that an event does not change", () => {
  const changed = reduceAll([["quote", quote("B", "1")]], FULL_MODEL);
  assert(changed.quotes !== FULL_MODEL.quotes);
  for (const part of ["status", "news", "operations", "sessions"] as const) {
    assertStrictEquals(changed[part], FULL_MODEL[part]);
  }
  assertEquals(Object.keys(FULL_MODEL.quotes), ["A"]);
});
