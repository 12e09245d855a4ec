import { assertEquals } from "@std/assert";
import { createListenerSet } from "../../lib/core/listeners.ts";

Deno.test("createListenerSet() calls each listener in order until it is removed", () => {
  const listeners = createListenerSet<number>();
  const calls: string[] = [];
  const listener = (value: number) => void calls.push(`a${value}`);
  const removeFirst = listeners.add(listener);
  listeners.add((value) => calls.push(`b${value}`));
  listeners.add(listener);
  listeners.notify(1);
  removeFirst();
  removeFirst();
  listeners.notify(2);
  assertEquals(calls, ["a1", "b1", "a1", "b2", "a2"]);
});

Deno.test("createListenerSet() lets a listener remove and add others", () => {
  const listeners = createListenerSet<void>();
  const calls: string[] = [];
  listeners.add(() => {
    calls.push("first");
    remove();
    listeners.add(() => calls.push("added"));
  });
  const remove = listeners.add(() => calls.push("removed"));
  listeners.notify();
  assertEquals(calls, ["first"]);
  listeners.notify();
  assertEquals(calls, ["first", "first", "added"]);
});
