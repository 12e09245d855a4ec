/**
 * The stand-ins for `jsr:@std` fail where the originals fail: an assertion that cannot fail would hide every fault.
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
  unreachable,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";

const boom = () => {
  throw new TypeError("boom");
};
const bytes = (...each: number[]) => new Uint8Array(each);

const holds: Record<string, () => void> = {
  assert: () => assert(1),
  assertFalse: () => assertFalse(""),
  "assertEquals of bytes": () => assertEquals(bytes(1, 2), bytes(1, 2)),
  "assertEquals of maps": () =>
    assertEquals(new Map([["a", bytes(1)]]), new Map([["a", bytes(1)]])),
  "assertEquals of sets": () => assertEquals(new Set([{ a: 1 }]), new Set([{ a: 1 }])),
  assertNotEquals: () => assertNotEquals(bytes(1), bytes(2)),
  assertStrictEquals: () => assertStrictEquals(NaN, NaN),
  assertExists: () => assertExists(0),
  assertInstanceOf: () => assertInstanceOf(new TypeError(), Error),
  assertMatch: () => assertMatch("abc", /b/),
  assertStringIncludes: () => assertStringIncludes("abc", "b"),
  assertArrayIncludes: () => assertArrayIncludes([{ a: 1 }, { a: 2 }], [{ a: 2 }]),
  assertAlmostEquals: () => assertAlmostEquals(0.1 + 0.2, 0.3),
  assertGreater: () => assertGreater(2, 1),
  assertGreaterOrEqual: () => assertGreaterOrEqual(1, 1),
  assertLess: () => assertLess(1, 2),
  assertLessOrEqual: () => assertLessOrEqual(1, 1),
  assertObjectMatch: () => assertObjectMatch({ a: 1, b: { c: [2], d: 3 } }, { b: { c: [2] } }),
  assertThrows: () => assertStrictEquals(assertThrows(boom, Error, "oo").message, "boom"),
};

const breaks: Record<string, () => void> = {
  assert: () => assert(0),
  assertFalse: () => assertFalse("x"),
  "assertEquals of bytes": () => assertEquals(bytes(1, 2), bytes(1, 3)),
  "assertEquals of maps": () => assertEquals(new Map([["a", 1]]), new Map([["a", 2]])),
  "assertEquals of sets": () => assertEquals(new Set([1]), new Set([2])),
  "assertEquals of undefined": () => assertEquals<unknown>({ a: undefined }, {}),
  assertNotEquals: () => assertNotEquals({ a: [1] }, { a: [1] }),
  assertStrictEquals: () => assertStrictEquals({}, {}),
  assertExists: () => assertExists(null),
  assertInstanceOf: () => assertInstanceOf(new Error(), TypeError),
  assertMatch: () => assertMatch("abc", /x/),
  assertStringIncludes: () => assertStringIncludes("abc", "x"),
  assertArrayIncludes: () => assertArrayIncludes([1, 2], [2, 3]),
  assertAlmostEquals: () => assertAlmostEquals(1, 1.1),
  "assertAlmostEquals of NaN": () => assertAlmostEquals(NaN, 1),
  assertGreater: () => assertGreater(1, 1),
  assertGreaterOrEqual: () => assertGreaterOrEqual(1, 2),
  assertLess: () => assertLess(1, 1),
  assertLessOrEqual: () => assertLessOrEqual(2, 1),
  "assertObjectMatch of a value": () => assertObjectMatch({ a: { b: 1 } }, { a: { b: 2 } }),
  "assertObjectMatch of what is absent": () => assertObjectMatch({ a: 1 }, { b: undefined }),
  "assertThrows without a throw": () => assertThrows(() => {}),
  "assertThrows of another class": () => assertThrows(boom, RangeError),
  "assertThrows of another message": () => assertThrows(boom, TypeError, "other"),
  fail: () => fail(),
  unreachable: () => unreachable(),
};

for (const [name, check] of Object.entries(holds)) {
  Deno.test(`${name}() passes where it should`, check);
}

for (const [name, check] of Object.entries(breaks)) {
  Deno.test(`${name}() fails where it should`, () => {
    let thrown: unknown;
    try {
      check();
    } catch (each) {
      thrown = each;
    }
    // Not by a function under test.
    if (!(thrown instanceof AssertionError)) throw new Error(`threw ${thrown}`);
  });
}

Deno.test("assertRejects() wants a rejection of the class, and no throw", async () => {
  const error = await assertRejects(() => Promise.reject(new RangeError("far")), RangeError, "far");
  assertStrictEquals(error.message, "far");
  await assertRejects(() => assertRejects(() => Promise.resolve()), AssertionError);
  await assertRejects(() => assertRejects(boom), AssertionError);
  await assertRejects(
    () => assertRejects(() => Promise.reject(new Error("x")), TypeError),
    AssertionError,
  );
});

Deno.test("FakeTime moves timers, Date and performance, and gives them back", async () => {
  const real = setTimeout;
  {
    using time = new FakeTime(1000);
    const begun = performance.now();
    const seen: number[] = [];
    const interval = setInterval(() => seen.push(Date.now()), 100);
    time.tick(250);
    clearInterval(interval);
    assertEquals(seen, [1100, 1200]);
    assertEquals([time.start, time.now, performance.now() - begun], [1000, 1250, 250]);

    const chain = (async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      await new Promise((resolve) => setTimeout(resolve, 10));
      return Date.now();
    })();
    await time.tickAsync(20);
    assertEquals(await chain, 1270);
    assertFalse(time.next());
    setTimeout(() => seen.push(-1), 5);
    await time.runAllAsync();
    assertEquals([seen.at(-1), time.now], [-1, 1275]);
    assertThrows(() => new FakeTime(), TypeError);
  }
  assertStrictEquals(setTimeout, real);
  assertThrows(() => FakeTime.restore(), TypeError);
});
