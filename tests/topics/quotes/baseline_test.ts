import { assertEquals } from "@std/assert";
import type { Reading } from "../../../lib/topics/quotes/providers/provider.ts";
import { createReferences } from "../../../lib/topics/quotes/baseline.ts";

function reading(price: string, received: string, asOf: string | null = null): Reading {
  return {
    symbol: "XAU-USD",
    price,
    change: null,
    change_pct: null,
    basis: "none",
    session: null,
    as_of: asOf,
    received_at: `2026-11-${received}:00.000Z`,
    is_delayed: false,
    delay_s: null,
  };
}

Deno.test("change is measured from the first price of the UTC day, which has none itself", () => {
  const measure = createReferences();
  const changes = [
    reading("4000.00", "18T10:00"),
    reading("4000.00", "18T10:00"), // the same answer, read again
    reading("4010.00", "18T10:01"),
    reading("3990.5", "18T23:59"),
    reading("4100.00", "19T00:00"),
    reading("4141.00", "19T00:01"),
  ].map(measure).map(({ change, change_pct, basis }) => [change, change_pct, basis]);
  assertEquals(changes, [
    [null, null, "none"],
    [null, null, "none"],
    ["10.00", 0.25, "utc_day"],
    ["-9.50", -0.2375, "utc_day"],
    [null, null, "none"],
    ["41.00", 1, "utc_day"],
  ]);
});

Deno.test("the day is the market's: a price of Friday that is read on Saturday is Friday's", () => {
  const measure = createReferences();
  measure(reading("4000.00", "20T21:00", "2026-11-20T21:00:00.000Z"));
  const later = measure(reading("4010.00", "21T09:00", "2026-11-20T21:59:00.000Z"));
  assertEquals([later.change, later.basis], ["10.00", "utc_day"]);
});
