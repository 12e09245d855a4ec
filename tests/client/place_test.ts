import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { isAfter } from "../../lib/client/client/place.js";

Deno.test("isAfter() compares ids as numbers, however long", () => {
  const part = fc.bigInt({ min: 0n, max: 10n ** 19n });
  fc.assert(fc.property(part, part, part, part, (ms, n, otherMs, otherN) => {
    const isLater = ms > otherMs || (ms === otherMs && n > otherN);
    assertEquals(isAfter(`${ms}-${n}`, `${otherMs}-${otherN}`), isLater);
  }));
});
