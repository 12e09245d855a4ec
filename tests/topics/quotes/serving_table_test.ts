import { assertEquals } from "@std/assert";
import { ServingTable } from "../../../lib/topics/quotes/serving_table.ts";

const GOLD = "XAU-USD";
const PROVIDERS = [
  { name: "a", symbols: [GOLD] },
  { name: "b", symbols: [GOLD, "WTI"] },
  { name: "c", symbols: [GOLD] },
];

Deno.test("ServingTable starts with the most preferred candidate of a symbol", () => {
  const table = new ServingTable(PROVIDERS);
  assertEquals([table.serving(GOLD), table.serving("WTI")], ["a", "b"]);
  assertEquals(table.preferred(GOLD), []);
  table.switchTo(GOLD, "c");
  assertEquals([table.serving(GOLD), table.preferred(GOLD)], ["c", ["a", "b"]]);
  assertEquals(table.serving("WTI"), "b");
});

Deno.test("ServingTable counts good responses, each once, by provider and symbol", () => {
  const table = new ServingTable(PROVIDERS);
  table.switchTo(GOLD, "c");
  const responses = [["a", 1], ["a", 2], ["a", 2], ["a", 2], ["b", 2], ["a", 3]] as const;
  assertEquals(responses.map(([name, at]) => table.recordSuccess(GOLD, name, at)), [
    false,
    false,
    false,
    false,
    false,
    true,
  ]);
});

Deno.test("ServingTable starts a recovery again after a failure, and after a switch", () => {
  const table = new ServingTable(PROVIDERS);
  const respond = (...times: number[]) =>
    times.map((at) => table.recordSuccess(GOLD, "a", at)).at(-1);
  table.switchTo(GOLD, "c");
  respond(1, 2);
  table.recordFailure(GOLD, "a");
  assertEquals(respond(3, 4), false);
  table.switchTo(GOLD, "b");
  assertEquals(respond(5, 6), false);
  assertEquals(respond(7), true);
});
