import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  beforePercent,
  distancePct,
  isPositive,
  parseKeepingDigits,
  percentOf,
  subtract,
  toPlain,
} from "../../../../lib/topics/quotes/providers/decimal.ts";
import { Decimal } from "../../../../lib/topics/quotes/quote.ts";

/** A decimal, and its value in units of 10^-18. */
const decimal = fc.tuple(fc.bigInt(-(10n ** 20n), 10n ** 20n), fc.nat(18)).map(([units, scale]) => {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, "0");
  const point = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return { text: units < 0n ? `-${text}` : text, worth: units * 10n ** BigInt(18 - scale), scale };
});

Deno.test("subtract() is exact and keeps the decimals of the longer one", () => {
  assertEquals(subtract("6268.48", "5414.18000000"), "854.30000000");
  assertEquals(subtract("0.3", "0.1"), "0.2");
  fc.assert(fc.property(decimal, decimal, (a, b) => {
    const scale = Math.max(a.scale, b.scale);
    const difference = subtract(a.text, b.text);
    const [whole = "", fraction = ""] = difference.split(".");
    assert(Decimal.safeParse(difference).success);
    assertEquals(fraction.length, scale);
    assertEquals(BigInt(whole + fraction.padEnd(18, "0")), a.worth - b.worth);
  }));
});

Deno.test("percentOf() rounds to 4 decimals, halves away from zero", () => {
  assertEquals(percentOf("1", "3"), 33.3333);
  assertEquals(percentOf("-0.00005", "100"), -0.0001);
  assertEquals(percentOf("0.00004999", "100"), 0);
  fc.assert(fc.property(decimal, decimal.filter(({ worth }) => worth !== 0n), (a, b) => {
    const inUnits = BigInt(Math.round(percentOf(a.text, b.text) * 1e4));
    fc.pre(inUnits < 2n ** 50n && inUnits > -(2n ** 50n)); // where doubles are exact
    const off = 2n * (inUnits * b.worth - a.worth * 1_000_000n);
    const half = b.worth < 0n ? -b.worth : b.worth;
    assert(-half <= off && off <= half);
  }));
});

Deno.test("toPlain() expands exponents and keeps every digit", () => {
  const cases: Record<string, string | null> = {
    "76975": "76975",
    "1.50": "1.50",
    "1e-7": "0.0000001",
    "1.50e-7": "0.000000150",
    "-1.5E+3": "-1500",
    "12.34e1": "123.4",
    "-0.0": "0.0",
    "NaN": null,
    "Infinity": null,
    "": null,
    "1,000": null,
    "1e999": null,
  };
  for (const [text, expected] of Object.entries(cases)) assertEquals(toPlain(text), expected, text);
  // A number as JSON writes it, with or without an exponent, keeps its value.
  fc.assert(
    fc.property(fc.double({ min: 1e-30, max: 1e30, noNaN: true }), (number) => {
      assertEquals(Number(toPlain(String(number))), number);
    }),
  );
});

Deno.test("isPositive() is true above zero only", () => {
  assertEquals(["0.00000001", "0.00", "-1"].map(isPositive), [true, false, false]);
});

Deno.test("parseKeepingDigits() returns numbers with the digits that were sent, at any depth", () => {
  assertEquals(
    parseKeepingDigits(`{"a":76975.10,"b":[1e-7,{"c":90071992547409931}],"d":null,"e":"1"}`),
    { a: "76975.10", b: ["1e-7", { c: "90071992547409931" }], d: null, e: "1" },
  );
});

Deno.test("distancePct() is relative to the decimal nearer to zero, in either order", () => {
  const cases: [string, string, number][] = [
    ["100", "150", 50],
    ["-100", "-150", 50],
    ["1", "-1", 200],
    ["0", "1", Infinity],
    ["0.0", "0", 0],
    ["3", "1e-45", 3e47],
  ];
  for (const [a, b, expected] of cases) {
    assertEquals([distancePct(a, b), distancePct(b, a)], [expected, expected]);
  }
});

Deno.test("beforePercent() reverses a change in percent", () => {
  assertEquals(beforePercent("110", "10"), "100");
  assertEquals(beforePercent("50", "-50.0"), "100");
  assertEquals(["-100", "-100.1"].map((percent) => beforePercent("1", percent)), [null, null]);
  const cents = fc.integer({ min: 100, max: 100_000_000 });
  fc.assert(fc.property(cents, cents, (before, after) => {
    const percent = (after - before) / before * 100;
    const [from, to] = [before, after].map((units) => (units / 100).toFixed(2));
    if (from === undefined || to === undefined) return;
    fc.pre(Math.abs(percent) < 1000 && percent > -99);
    const exact = toPlain(String(percent)) ?? "0";
    assertEquals(
      percentOf(subtract(to, beforePercent(to, exact) ?? "0"), from),
      percentOf(subtract(to, from), from),
    );
  }));
});
