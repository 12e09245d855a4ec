import { assertEquals } from "@std/assert";
import { createSuccession } from "../../../lib/topics/quotes/failover_rules.ts";

const GOLD = "XAU-USD";
const LIST = [
  { name: "a", symbols: [GOLD] },
  { name: "b", symbols: [GOLD, "WTI"] },
  { name: "c", symbols: [GOLD] },
];

Deno.test("a succession begins with the first that gives a symbol", () => {
  const succession = createSuccession(LIST);
  assertEquals([succession.serving(GOLD), succession.serving("WTI")], ["a", "b"]);
  assertEquals(succession.elders(GOLD), []);
  succession.pass(GOLD, "c");
  assertEquals([succession.serving(GOLD), succession.elders(GOLD)], ["c", ["a", "b"]]);
  assertEquals(succession.serving("WTI"), "b");
});

Deno.test("a succession counts good answers, each once, by provider and symbol", () => {
  const succession = createSuccession(LIST);
  succession.pass(GOLD, "c");
  const answers = [["a", "1"], ["a", "2"], ["a", "2"], ["a", "2"], ["b", "2"], ["a", "3"]] as const;
  assertEquals(answers.map(([name, at]) => succession.answered(GOLD, name, at)), [
    false,
    false,
    false,
    false,
    false,
    true,
  ]);
});

Deno.test("a succession begins its count anew after a failure, and after a change of hands", () => {
  const succession = createSuccession(LIST);
  const answer = (...times: string[]) =>
    times.map((at) => succession.answered(GOLD, "a", at)).at(-1);
  succession.pass(GOLD, "c");
  answer("1", "2");
  succession.failed(GOLD, "a");
  assertEquals(answer("3", "4"), false);
  succession.pass(GOLD, "b");
  assertEquals(answer("5", "6"), false);
  assertEquals(answer("7"), true);
});
