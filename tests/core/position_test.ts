import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import { comparePositions, isPosition, parseId } from "../../lib/core/position.ts";

const LARGEST = 999_999_999_999_999;

/** Parts of positions that are often equal or adjacent, up to the largest. */
const part = fc.oneof(fc.nat(3), fc.nat({ max: LARGEST }), fc.constantFrom(LARGEST - 1, LARGEST));
const position = fc.tuple(part, part).map(([ms, n]) => `${ms}-${n}`);

/** Defines the order of positions, in bigints, which are never rounded. */
function asBigInt(text: string): bigint {
  const [ms = "", n = ""] = text.split("-");
  return BigInt(ms) * 10n ** 20n + BigInt(n);
}

Deno.test("comparePositions() orders positions by their numbers, to the last digit", () => {
  fc.assert(fc.property(position, position, (a, b) => {
    const difference = asBigInt(a) - asBigInt(b);
    assertEquals(
      Math.sign(comparePositions(a, b)),
      Number(difference > 0n) - Number(difference < 0n),
    );
  }));
});

Deno.test("isPosition() accepts every position, of at most 31 characters, and parseId() returns its two numbers", () => {
  fc.assert(fc.property(part, part, (ms, n) => {
    assert(isPosition(`${ms}-${n}`));
    assert(`${ms}-${n}`.length <= 31);
    assertEquals(parseId(`${ms}-${n}`), { ms, n });
  }));
});

Deno.test("isPosition() refuses anything but two plain integers that a number holds exactly", () => {
  const malformed = [
    "",
    "-",
    "1",
    "1-",
    "-1",
    "1-2-3",
    "01-1",
    "1-01",
    "1-1 ",
    " 1-1",
    "1-1\n",
    "a-1",
  ];
  const notPlainIntegers = [
    "1.5-1",
    "+1-1",
    "1e3-1",
    "١-١",
    "9007199254740993-0",
    `0-${LARGEST + 1}`,
  ];
  for (const text of [...malformed, ...notPlainIntegers]) {
    assertFalse(isPosition(text), JSON.stringify(text));
  }
  fc.assert(fc.property(fc.string(), (text) => {
    if (isPosition(text)) assertEquals(text, `${parseId(text).ms}-${parseId(text).n}`);
  }));
});
