import { assertEquals } from "@std/assert";
import { historyTexts } from "../../lib/client/page/text.js";

const AT = Date.UTC(2026, 11, 1, 12);

Deno.test("historyTexts() describes a history by its start and its range, as text and as a label", () => {
  const points = [{ at: AT, price: 2 }, { at: AT + 1000, price: 1 }];
  const { since, range, label } = historyTexts(points, 2, AT);
  assertEquals(range, "1.00 – 2.00");
  assertEquals(since, "Since 12:00:00 UTC.");
  assertEquals(label, "since 12:00:00 UTC, between 1.00 and 2.00");
});

Deno.test("historyTexts() labels a history without a range in words", () => {
  assertEquals(historyTexts([{ at: AT, price: 2 }], 2, AT), {
    since: "The chart starts with the next price.",
    range: "–",
    label: "no prices yet",
  });
});
