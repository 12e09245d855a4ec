import { assertEquals } from "@std/assert";
import { createRepeats } from "../../lib/client/client/dedupe.js";

function quote(symbol: string, second: number) {
  return { symbol, received_at: `2026-01-01T00:00:0${second}.000Z` };
}

Deno.test("createRepeats() drops what has an id that is not after the last", () => {
  const repeats = createRepeats("9-2");
  const take = (id: string) => repeats.take({ type: "tick", data: 1, id }) !== null;
  assertEquals(["9-2", "9-10", "10-0", "9-11", "10-0"].map(take), [
    false,
    true,
    true,
    false,
    false,
  ]);
  assertEquals(repeats.cursor(), "10-0");
});

Deno.test("createRepeats() lets everything without an id pass", () => {
  const repeats = createRepeats("9-2");
  const status = { type: "status", data: { provider: "p", state: "down" }, id: "" };
  assertEquals([repeats.take(status), repeats.take(status)], [status, status]);
  assertEquals(repeats.cursor(), "9-2");
});

Deno.test("createRepeats() lets a gap pass that has the id one came with", () => {
  const gap = { type: "gap", data: { topic: "news" }, id: "9-2" };
  assertEquals(createRepeats("9-2").take(gap), gap);
});

Deno.test("createRepeats() moves on and never back, until it forgets", () => {
  const repeats = createRepeats("9-2");
  repeats.moveTo("8-0");
  assertEquals(repeats.cursor(), "9-2");
  repeats.forget();
  repeats.moveTo("8-0");
  assertEquals(repeats.cursor(), "8-0");
});

Deno.test("createRepeats() drops a quote that is older than the one shown, and in a snapshot shows that one", () => {
  const repeats = createRepeats("");
  const [old, same, young] = [quote("WTI", 1), quote("WTI", 2), quote("WTI", 2)];
  const other = quote("SPX", 0);
  assertEquals(repeats.take({ type: "quote", data: young, id: "" })?.data, young);
  assertEquals(repeats.take({ type: "quote", data: old, id: "" }), null);
  assertEquals(repeats.take({ type: "quote", data: same, id: "" })?.data, same); // as when it grows stale
  const snapshot = { type: "snapshot", data: { quotes: [old, other], status: [] }, id: "5-0" };
  const taken = { ...snapshot, data: { quotes: [same, other], status: [] } };
  assertEquals(repeats.take(snapshot), taken);
  repeats.forget();
  assertEquals(repeats.take({ ...snapshot, id: "" }), { ...snapshot, id: "" });
});

Deno.test("createRepeats() drops the state of an operation that is older than the one shown", () => {
  const repeats = createRepeats("");
  const at = (second: number) => ({
    type: "progress",
    data: { id: "o", owner: "ann", updated_at: `2026-01-01T00:00:0${second}.000Z` },
    id: `${second}-0`,
  });
  assertEquals(repeats.take({ ...at(3), id: "" })?.data, at(3).data);
  assertEquals([repeats.take(at(1)), repeats.take(at(4))], [null, at(4)]);
});

Deno.test("createRepeats() tells no article again that was polled, and leaves the place for the other topics", () => {
  const repeats = createRepeats("5-0");
  repeats.polledTo("7-0", false);
  assertEquals([repeats.cursor(), repeats.pollCursor()], ["5-0", "7-0"]);
  const event = (type: string, id: string) => ({ type, data: {}, id });
  const all = [event("article", "6-0"), event("tick", "6-1"), event("article.updated", "7-0")];
  assertEquals(all.map((each) => repeats.take(each) !== null), [false, true, false]);
  assertEquals(repeats.take(event("article", "7-1")), event("article", "7-1"));
  assertEquals(repeats.pollCursor(), "7-1");
});

Deno.test("createRepeats() goes with the polls where they tell of all topics, or where there was no place", () => {
  for (const [from, isAll] of [["5-0", true], ["", false]] as const) {
    const repeats = createRepeats(from);
    repeats.polledTo("7-0", isAll);
    assertEquals(repeats.cursor(), "7-0");
  }
});
