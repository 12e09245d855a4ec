import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { toJson } from "../../lib/core/json.ts";
import { Problem } from "../../lib/core/problem.ts";
import { anyCharacter } from "../support/any_character.ts";

const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;
let deep: unknown = 0;
for (let i = 0; i < 100_000; i++) deep = [deep];

/** Values that JSON cannot represent, each with the field of its error. */
const REFUSED: Readonly<Record<string, readonly [value: unknown, field: string]>> = {
  "NaN": [{ a: { price: NaN } }, "price"],
  "Infinity": [[1, -Infinity], "1"],
  "a bigint": [{ n: 1n }, "n"],
  "a function": [{ f: () => 1 }, "f"],
  "a symbol": [{ s: Symbol("s") }, "s"],
  "an array's undefined": [{ list: [undefined] }, "0"],
  "an invalid date": [{ at: new Date(NaN) }, "at"],
  "undefined": [undefined, "data"],
  "a circular value": [cyclic, "data"],
  "a value nested beyond the stack": [deep, "data"],
  "a value that cannot be read": [{
    get x() {
      throw new Error("no");
    },
  }, "data"],
};

for (const [name, [value, field]] of Object.entries(REFUSED)) {
  Deno.test(`toJson() refuses ${name}, and names the field`, () => {
    const problem = assertThrows(() => toJson(value), Problem);
    assertEquals([problem.status, problem.code], [400, "unserialisable"]);
    assertEquals(problem.options.errors?.map((error) => error.field), [field]);
  });
}

Deno.test("toJson() writes representable values as JSON.stringify does", () => {
  fc.assert(fc.property(fc.jsonValue({ stringUnit: anyCharacter }), (value) => {
    assertEquals(toJson(value), JSON.stringify(value));
  }));
});

Deno.test("toJson() writes dates as ISO text and leaves out fields that are undefined", () => {
  assertEquals(toJson({ at: new Date(0), none: undefined }), '{"at":"1970-01-01T00:00:00.000Z"}');
});
