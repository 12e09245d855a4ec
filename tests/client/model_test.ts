import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { EMPTY_MODEL, MAX_ARTICLES, type Model, reduce } from "../../lib/client/client/model.js";

/** Returns the model after events of these types and data. */
function after(
  events: readonly (readonly [type: string, data: unknown])[],
  from: Model = EMPTY_MODEL,
) {
  return events.reduce((model, [type, data]) => reduce(model, { type, data, id: "" }), from);
}

const at = (second: number) => new Date(1_700_000_000_000 + second * 1000).toISOString();
const quote = (symbol: string, price: string, second = 0) => ({
  symbol,
  price,
  received_at: at(second),
});
const article = (id: string, second: number, more = {}) => ({
  id,
  title: id,
  published_at: null,
  first_seen_at: at(second),
  ...more,
});
const idsOf = ({ news }: Model) => news.map(({ id }) => id).join(" ");

Deno.test("reduce() keeps the newest quote of each symbol, by the time received", () => {
  const model = after([
    ["snapshot", { quotes: [quote("A", "1", 5), quote("B", "1", 5)], status: [] }],
    ["quote", quote("A", "2", 6)],
    ["quote", quote("B", "0", 4)],
    ["quote", quote("C", "9")],
  ]);
  assertEquals(Object.values(model.quotes).map(({ price }) => price), ["2", "1", "9"]);
});

Deno.test("reduce() takes the symbols of a snapshot, but no older prices", () => {
  const model = after([
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

Deno.test("reduce() keeps at most 200 articles, newest first, with their updates", () => {
  const model = after([
    ["article", article("a", 1)],
    ["article", article("c", 3)],
    ["article", article("b", 2)],
    ["article", article("old", 9, { published_at: at(0) })],
    ["article.updated", article("a", 1, { title: "A" })],
  ]);
  assertEquals(idsOf(model), "c b a old");
  assertEquals(model.news[2]?.title, "A");
  assertEquals(idsOf(after([["article.retracted", { id: "b" }]], model)), "c a old");
  const many = Array.from({ length: 300 }, (_, n) => ["article", article(`n${n}`, n)] as const);
  const { news } = after(many);
  assertEquals([news.length, news[0]?.id, news.at(-1)?.id], [MAX_ARTICLES, "n299", "n100"]);
});

Deno.test("reduce() keeps operations and sessions apart, by id, up to their terminal states", () => {
  const { operations, sessions } = after([
    ["progress", { id: "o", state: "running" }],
    ["session", { id: "s", session_state: "thinking" }],
    ["completed", { id: "o", state: "completed" }],
    ["expired", { id: "s", session_state: "expired" }],
  ]);
  assertEquals(operations, { o: { id: "o", state: "completed" } });
  assertEquals(sessions, { s: { id: "s", session_state: "expired" } });
});

const KNOWN = after([
  ["snapshot", { quotes: [quote("A", "1", 5)], status: [{ provider: "p", state: "live" }] }],
  ["article", article("a", 1)],
  ["progress", { id: "o" }],
  ["session", { id: "s", session_state: "x" }],
]);

const REPEATS: readonly (readonly [string, unknown])[] = [
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

for (const [type, data] of REPEATS) {
  Deno.test(`reduce() returns the same object for ${type} ${JSON.stringify(data).slice(0, 40)}`, () => {
    assertStrictEquals(after([[type, structuredClone(data)]], KNOWN), KNOWN);
  });
}

Deno.test("reduce() keeps the parts that an event does not change", () => {
  const next = after([["quote", quote("B", "1")]], KNOWN);
  assert(next.quotes !== KNOWN.quotes);
  for (const part of ["status", "news", "operations", "sessions"] as const) {
    assertStrictEquals(next[part], KNOWN[part]);
  }
  assertEquals(Object.keys(KNOWN.quotes), ["A"]);
});
