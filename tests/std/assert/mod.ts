/**
 * The part of `jsr:@std/assert` the tests use, over `node:assert`: linked in deno.json, so that the tests run where
 * JSR cannot be reached. Names and signatures are JSR's; without the link the original takes its place.
 *
 * @module
 */
import node from "node:assert/strict";

/** The error of a failed assertion. */
export class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

/** JSR's constraint: classes of any constructor, abstract ones too, `Error` and its like among them. */
// deno-lint-ignore no-explicit-any -- parameters are contravariant: `unknown[]` would admit no real class
type Class<T> = abstract new (...args: any[]) => T;

function show(value: unknown): string {
  return Deno.inspect(value, { depth: 6, strAbbreviateSize: 400 });
}

function complain(why: string, msg?: string): never {
  throw new AssertionError(msg ? `${why}: ${msg}` : `${why}.`);
}

function byNode(check: () => void, msg?: string): void {
  try {
    check();
  } catch (thrown) {
    if (!(thrown instanceof node.AssertionError)) throw thrown;
    throw new AssertionError(msg ? `${msg}: ${thrown.message}` : thrown.message);
  }
}

/** Makes sure that `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Makes sure that `expr` is falsy. */
export function assertFalse(
  expr: unknown,
  msg = "",
): asserts expr is false | 0 | 0n | "" | null | undefined {
  if (expr) throw new AssertionError(msg);
}

/** Makes sure that two values are deeply the same, typed arrays, maps and sets included. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  byNode(() => node.deepStrictEqual(actual, expected), msg);
}

/** Makes sure that two values are not deeply the same. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  byNode(() => node.notDeepStrictEqual(actual, expected), msg);
}

/** Makes sure that two values are one, by `Object.is`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  byNode(() => node.strictEqual(actual, expected), msg);
}

/** Makes sure that a value is neither null nor undefined. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) complain(`Expected a value, got ${actual}`, msg);
}

/** Makes sure that a value is an instance of a class. */
export function assertInstanceOf<T extends Class<unknown>>(
  actual: unknown,
  expectedType: T,
  msg?: string,
): asserts actual is InstanceType<T> {
  if (!(actual instanceof expectedType)) {
    complain(`Expected an instance of ${expectedType.name}, got ${show(actual)}`, msg);
  }
}

/** Makes sure that a text matches a pattern. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) complain(`Expected ${show(actual)} to match ${expected}`, msg);
}

/** Makes sure that a text holds another. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) {
    complain(`Expected ${show(actual)} to contain ${show(expected)}`, msg);
  }
}

/** Makes sure that a list holds every element of another, by deep comparison. */
export function assertArrayIncludes<T>(
  actual: ArrayLike<T>,
  expected: ArrayLike<T>,
  msg?: string,
): void {
  const held = Array.from(actual);
  const missing = Array.from(expected).filter((each) => !held.some((own) => isEqual(own, each)));
  if (missing.length > 0) complain(`Expected ${show(held)} to include ${show(missing)}`, msg);
}

function isEqual(a: unknown, b: unknown): boolean {
  try {
    node.deepStrictEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

/** Makes sure that a number is near another: by default within a ten-millionth of it. */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance: number = Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  if (!(Math.abs(expected - actual) <= tolerance)) {
    complain(`Expected ${actual} to be within ${tolerance} of ${expected}`, msg);
  }
}

/** Makes sure that `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) complain(`Expected ${show(actual)} > ${show(expected)}`, msg);
}

/** Makes sure that `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) complain(`Expected ${show(actual)} >= ${show(expected)}`, msg);
}

/** Makes sure that `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) complain(`Expected ${show(actual)} < ${show(expected)}`, msg);
}

/** Makes sure that `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) complain(`Expected ${show(actual)} <= ${show(expected)}`, msg);
}

/** Checks a thrown value by the arguments of {@linkcode assertThrows}, and returns it. */
function asWanted(
  thrown: unknown,
  ErrorClass: Class<Error> | string | undefined,
  msgIncludes = "",
  msg?: string,
): unknown {
  if (typeof ErrorClass !== "function") return thrown;
  if (!(thrown instanceof ErrorClass)) {
    complain(`Expected ${ErrorClass.name} to be thrown, got ${show(thrown)}`, msg);
  }
  if (!thrown.message.includes(msgIncludes)) {
    complain(`Expected ${show(thrown.message)} to include ${show(msgIncludes)}`, msg);
  }
  return thrown;
}

/** Makes sure that a function throws, and gives what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Makes sure that a function throws an error of a class, whose message holds a text. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: Class<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  ErrorClass?: Class<Error> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  try {
    fn();
  } catch (thrown) {
    return asWanted(thrown, ErrorClass, msgIncludes, msg);
  }
  complain("Expected the function to throw", typeof ErrorClass === "string" ? ErrorClass : msg);
}

/** Makes sure that a promise is rejected, and gives the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Makes sure that a promise is rejected with an error of a class, whose message holds a text. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: Class<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  ErrorClass?: Class<Error> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (thrown) {
    // As the original: a function that throws before it promises is another fault than a rejection.
    complain(`The function threw ${show(thrown)} instead of rejecting`, msg);
  }
  try {
    await promise;
  } catch (thrown) {
    return asWanted(thrown, ErrorClass, msgIncludes, msg);
  }
  complain("Expected the function to reject", typeof ErrorClass === "string" ? ErrorClass : msg);
}

function isRecord(value: unknown): value is Record<PropertyKey, unknown> {
  if (typeof value !== "object" || value === null) return false;
  return [Object.prototype, null].includes(Object.getPrototypeOf(value));
}

/** `actual` without what `expected` does not speak of. */
function cutTo(actual: unknown, expected: unknown): unknown {
  if (Array.isArray(actual) && Array.isArray(expected)) {
    const common = actual.slice(0, expected.length);
    return common.map((each, i) => cutTo(each, expected[i]));
  }
  if (!isRecord(expected) || typeof actual !== "object" || actual === null) return actual;
  const held = Reflect.ownKeys(expected).filter((key) => key in actual);
  return Object.fromEntries(
    held.map((key) => [key, cutTo(Reflect.get(actual, key), expected[key])]),
  );
}

/** Makes sure that an object has all that another has, in nested objects too. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any -- JSR's signature: an interface without an index passes only this way
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  byNode(() => node.deepStrictEqual(cutTo(actual, expected), expected), msg);
}

/** Fails the test. */
export function fail(msg?: string): never {
  complain("Failed assertion", msg);
}

/** Marks what must never be reached. */
export function unreachable(reason?: string): never {
  complain("Unreachable", reason);
}
