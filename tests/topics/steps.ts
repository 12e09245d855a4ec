/**
 * Steps of a state machine, and their refusals.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Problem } from "../../lib/core/problem.ts";

/** Asserts that a step is refused with a problem of this code. */
export function assertRefused(step: () => unknown, code: string): void {
  assertEquals(assertThrows(step, Problem).code, code);
}

/** Takes a step. Returns null if it is refused. */
export function stepOrNull<R>(step: () => R): R | null {
  try {
    return step();
  } catch (thrown) {
    assert(thrown instanceof Problem);
    return null;
  }
}
