import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createDedupe, isAfter } from "../../lib/client/client/dedupe.js";

function quote(symbol: string, second: number) {
  return { symbol, received_at: `2026-01-01T00:00:0${second}.000Z` };
}

Deno.test("createDedupe() drops an event whose id is not after the cursor", () => {
  const dedupe = createDedupe("9-2");
  const isAccepted = (id: string) => dedupe.accept({ type: "tick", data: 1, id }) !== null;
  assertEquals(["9-2", "9-10", "10-0", "9-11", "10-0"].map(isAccepted), [
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

Deno.test("createDedupe() drops a quote that is older than the last one, which replaces an older one in a snapshot", () => {
  const dedupe = createDedupe("");
  const older = quote("WTI", 1);
  const newer = quote("WTI", 2);
  const sameTime = quote("WTI", 2);
  const otherSymbol = quote("SPX", 0);
  assertEquals(dedupe.accept({ type: "quote", data: newer, id: "" })?.data, newer);
  assertEquals(dedupe.accept({ type: "quote", data: older, id: "" }), null);
  assertEquals(dedupe.accept({ type: "quote", data: sameTime, id: "" })?.data, sameTime); // As when it becomes stale.
  const snapshot = {
    type: "snapshot",
    data: { quotes: [older, otherSymbol], status: [] },
    id: "5-0",
  };
  const merged = { ...snapshot, data: { quotes: [sameTime, otherSymbol], status: [] } };
  assertEquals(dedupe.accept(snapshot), merged);
  dedupe.reset();
  assertEquals(dedupe.accept({ ...snapshot, id: "" }), { ...snapshot, id: "" });
});

Deno.test("createDedupe() drops a state of an operation that is older than the last one", () => {
  const dedupe = createDedupe("");
  const progressAt = (second: number) => ({
    type: "progress",
    data: { id: "o", owner: "ann", updated_at: `2026-01-01T00:00:0${second}.000Z` },
    id: `${second}-0`,
  });
  assertEquals(dedupe.accept({ ...progressAt(3), id: "" })?.data, progressAt(3).data);
  assertEquals([dedupe.accept(progressAt(1)), dedupe.accept(progressAt(4))], [null, progressAt(4)]);
});

Deno.test("createDedupe() drops a polled article, and keeps the cursor for the other topics", () => {
  const dedupe = createDedupe("5-0");
  dedupe.advancePoll("7-0", false);
  assertEquals([dedupe.cursor(), dedupe.pollCursor()], ["5-0", "7-0"]);
  const event = (type: string, id: string) => ({ type, data: {}, id });
  const events = [event("article", "6-0"), event("tick", "6-1"), event("article.updated", "7-0")];
  assertEquals(events.map((polled) => dedupe.accept(polled) !== null), [false, true, false]);
  assertEquals(dedupe.accept(event("article", "7-1")), event("article", "7-1"));
  assertEquals(dedupe.pollCursor(), "7-1");
});

Deno.test("createDedupe() moves its cursor with polls of all topics, or if it had none", () => {
  for (const [cursor, isComplete] of [["5-0", true], ["", false]] as const) {
    const dedupe = createDedupe(cursor);
    dedupe.advancePoll("7-0", isComplete);
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
