import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createDedupe, isAfter } from "../../lib/client/client/dedupe.js";

function quote(symbol: string, second: number) {
  return { symbol, received_at: `2026-01-01T00:00:0${second}.000Z` };
}

Deno.test("createDedupe() drops an event whose id is not after the cursor", () => {
  const dedupe = createDedupe("9-2");
  const take = (id: string) => dedupe.accept({ type: "tick", data: 1, id }) !== null;
  assertEquals(["9-2", "9-10", "10-0", "9-11", "10-0"].map(take), [
    false,
    true,
    true,
    false,
    false,
  ]);
  assertEquals(dedupe.cursor(), "10-0");
});

Deno.test("createDedupe() accepts every event without an id", () => {
  const dedupe = createDedupe("9-2");
  const status = { type: "status", data: { provider: "p", state: "down" }, id: "" };
  assertEquals([dedupe.accept(status), dedupe.accept(status)], [status, status]);
  assertEquals(dedupe.cursor(), "9-2");
});

Deno.test("createDedupe() accepts a gap that has the id of the cursor", () => {
  const gap = { type: "gap", data: { topic: "news" }, id: "9-2" };
  assertEquals(createDedupe("9-2").accept(gap), gap);
});

Deno.test("createDedupe() never moves its cursor back until it is reset", () => {
  const dedupe = createDedupe("9-2");
  dedupe.advance("8-0");
  assertEquals(dedupe.cursor(), "9-2");
  dedupe.reset();
  dedupe.advance("8-0");
  assertEquals(dedupe.cursor(), "8-0");
});

Deno.test("createDedupe() drops a quote older than the known one, which it puts into a snapshot", () => {
  const dedupe = createDedupe("");
  const [old, same, young] = [quote("WTI", 1), quote("WTI", 2), quote("WTI", 2)];
  const other = quote("SPX", 0);
  assertEquals(dedupe.accept({ type: "quote", data: young, id: "" })?.data, young);
  assertEquals(dedupe.accept({ type: "quote", data: old, id: "" }), null);
  assertEquals(dedupe.accept({ type: "quote", data: same, id: "" })?.data, same); // As when the quote becomes stale.
  const snapshot = { type: "snapshot", data: { quotes: [old, other], status: [] }, id: "5-0" };
  const taken = { ...snapshot, data: { quotes: [same, other], status: [] } };
  assertEquals(dedupe.accept(snapshot), taken);
  dedupe.reset();
  assertEquals(dedupe.accept({ ...snapshot, id: "" }), { ...snapshot, id: "" });
});

Deno.test("createDedupe() drops an operation's state older than the known one", () => {
  const dedupe = createDedupe("");
  const at = (second: number) => ({
    type: "progress",
    data: { id: "o", owner: "ann", updated_at: `2026-01-01T00:00:0${second}.000Z` },
    id: `${second}-0`,
  });
  assertEquals(dedupe.accept({ ...at(3), id: "" })?.data, at(3).data);
  assertEquals([dedupe.accept(at(1)), dedupe.accept(at(4))], [null, at(4)]);
});

Deno.test("createDedupe() drops a polled article, and keeps the cursor for the other topics", () => {
  const dedupe = createDedupe("5-0");
  dedupe.advancePoll("7-0", false);
  assertEquals([dedupe.cursor(), dedupe.pollCursor()], ["5-0", "7-0"]);
  const event = (type: string, id: string) => ({ type, data: {}, id });
  const all = [event("article", "6-0"), event("tick", "6-1"), event("article.updated", "7-0")];
  assertEquals(all.map((each) => dedupe.accept(each) !== null), [false, true, false]);
  assertEquals(dedupe.accept(event("article", "7-1")), event("article", "7-1"));
  assertEquals(dedupe.pollCursor(), "7-1");
});

Deno.test("createDedupe() moves its cursor with polls of all topics, or if it had none", () => {
  for (const [from, isAll] of [["5-0", true], ["", false]] as const) {
    const dedupe = createDedupe(from);
    dedupe.advancePoll("7-0", isAll);
    assertEquals(dedupe.cursor(), "7-0");
  }
});

Deno.test("isAfter() compares ids as numbers of any length", () => {
  const part = fc.bigInt({ min: 0n, max: 10n ** 19n });
  fc.assert(fc.property(part, part, part, part, (ms, n, otherMs, otherN) => {
    const isLater = ms > otherMs || (ms === otherMs && n > otherN);
    assertEquals(isAfter(`${ms}-${n}`, `${otherMs}-${otherN}`), isLater);
  }));
});
