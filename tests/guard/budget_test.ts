import { assert, assertEquals } from "@std/assert";
import { type BudgetRefusal, createBudget, type Slot } from "../../lib/guard/budget.ts";

/** Asserts that a slot was taken. */
function slot(taken: Slot | BudgetRefusal): Slot {
  assert("release" in taken, JSON.stringify(taken));
  return taken;
}

Deno.test("createBudget() refuses a client's stream above its limit with the client's numbers", () => {
  const budget = createBudget({ perIsolate: 9, perClient: 2 });
  slot(budget.take("b"));
  const first = slot(budget.take("a"));
  slot(budget.take("a"));
  assertEquals(budget.take("a"), { reason: "client", limit: 2, inUse: 2 });
  slot(budget.take("b"));
  first.release();
  slot(budget.take("a"));
  assertEquals([budget.limit, budget.inUse], [9, 4]);
});

Deno.test("createBudget() refuses every client once the isolate is full, with the isolate's numbers", () => {
  const budget = createBudget({ perIsolate: 2, perClient: 2 });
  const first = slot(budget.take("a"));
  slot(budget.take("b"));
  assertEquals(budget.take("c"), { reason: "isolate", limit: 2, inUse: 2 });
  assertEquals(budget.inUse, 2);
  first.release();
  slot(budget.take("c"));
});

Deno.test("createBudget() refuses a client at its limit with the client's numbers, in a full isolate too", () => {
  const budget = createBudget({ perIsolate: 1, perClient: 1 });
  slot(budget.take("a"));
  assertEquals(budget.take("a"), { reason: "client", limit: 1, inUse: 1 });
});

Deno.test("createBudget() ignores a second release of a slot", () => {
  const budget = createBudget({ perIsolate: 3, perClient: 2 });
  const first = slot(budget.take("a"));
  slot(budget.take("a"));
  first.release();
  first.release();
  assertEquals(budget.inUse, 1);
  slot(budget.take("a"));
  first.release();
  assertEquals(budget.take("a"), { reason: "client", limit: 2, inUse: 2 });
});
