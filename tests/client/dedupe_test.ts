import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createDedupe, isAfter } from "../../lib/client/client/dedupe.js";

function quote(symbol: string, second: number) {
  return { symbol, received_at: `2026-01-01T00:00:0${second}.000Z`, source: "fred" };
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

/** An event without an id. */
const unlogged = (type: string, data: unknown) => ({ type, data, id: "" });
const snapshot = (...quotes: unknown[]) => unlogged("snapshot", { quotes, status: [] });

Deno.test("createDedupe() drops a tick that is older than the quote, which replaces an older one in a snapshot", () => {
  const dedupe = createDedupe("");
  const older = quote("WTI", 1);
  const newer = quote("WTI", 2);
  const otherSymbol = quote("SPX", 0);
  dedupe.accept(snapshot(older));
  const accepted = dedupe.accept(unlogged("quote", newer))?.data;
  assertEquals(accepted.received_at, newer.received_at);
  assertEquals(dedupe.accept(unlogged("quote", older)), null);
  const stale = dedupe.accept(unlogged("quote", { ...newer, is_stale: true }))?.data;
  assertEquals(stale, { ...accepted, is_stale: true });
  assertEquals(dedupe.accept(snapshot(older, otherSymbol)), snapshot(stale, otherSymbol));
  dedupe.reset();
  assertEquals(dedupe.accept(snapshot(older, otherSymbol)), snapshot(older, otherSymbol));
});

Deno.test("createDedupe() joins a tick with the quote before it, and nothing of an earlier tick still applies", () => {
  const dedupe = createDedupe("");
  const whole = { ...quote("WTI", 1), name: "WTI crude", session: "closed", high: "70.00" };
  dedupe.accept(snapshot(whole));
  const full = {
    ...quote("WTI", 2),
    price: "69.10",
    change: "0.10",
    change_pct: 0.14,
    bid: "69.00",
    ask: "69.20",
    session: "pre",
    as_of: "2026-01-01T00:00:00.000Z",
    is_delayed: true,
    delay_s: 900,
    is_stale: true,
  };
  assertEquals(dedupe.accept(unlogged("quote", full)), unlogged("quote", { ...whole, ...full }));
  const short = { ...quote("WTI", 3), price: "69.20" };
  assertEquals(dedupe.accept(unlogged("quote", short))?.data, {
    ...whole,
    ...short,
    change: null,
    change_pct: null,
    bid: null,
    ask: null,
    session: "open",
    as_of: null,
    is_delayed: false,
    delay_s: null,
    is_stale: false,
  });
});

Deno.test("createDedupe() keeps the session of a market that never closes", () => {
  const dedupe = createDedupe("");
  dedupe.accept(snapshot({ ...quote("BTC-USD", 1), session: "always" }));
  assertEquals(dedupe.accept(unlogged("quote", quote("BTC-USD", 2)))?.data.session, "always");
});

Deno.test("createDedupe() joins a day with the quote before it, and drops one without a quote", () => {
  const dedupe = createDedupe("");
  const day = { symbol: "WTI", high: "71.00" };
  assertEquals(dedupe.accept(unlogged("day", day)), null);
  const whole = { ...quote("WTI", 1), high: "70.00" };
  dedupe.accept(snapshot(whole));
  assertEquals(
    dedupe.accept(unlogged("day", day)),
    unlogged("quote", { ...whole, high: "71.00" }),
  );
});

Deno.test("createDedupe() holds back a tick whose quote is unknown or from another source", () => {
  const dedupe = createDedupe("");
  assertEquals(dedupe.accept(unlogged("quote", quote("WTI", 1))), undefined);
  dedupe.accept(snapshot(quote("WTI", 1)));
  const otherSource = { ...quote("WTI", 2), source: "yahoo" };
  assertEquals(dedupe.accept(unlogged("quote", otherSource)), undefined);
  dedupe.accept(snapshot(otherSource));
  assertEquals(dedupe.accept(unlogged("quote", otherSource))?.data.source, "yahoo");
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
