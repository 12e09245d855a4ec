import { assertEquals, assertThrows } from "@std/assert";
import { isoTime } from "../../lib/core/time.ts";

Deno.test("isoTime() formats milliseconds since the epoch in UTC", () => {
  assertEquals(isoTime(0), "1970-01-01T00:00:00.000Z");
  assertEquals(isoTime(1_700_000_000_007), "2023-11-14T22:13:20.007Z");
});

Deno.test("isoTime() throws if the time is not finite", () => {
  for (const ms of [NaN, Infinity, 8.64e15 + 1]) assertThrows(() => isoTime(ms), RangeError);
});
