/**
 * JSON that says what it was given, or refuses.
 *
 * @module
 */
import { Problem } from "./problem.ts";

function refuse(field: string, detail: string): never {
  throw new Problem(400, "unserialisable", "The data cannot be written as JSON.", {
    errors: [{ field: field || "data", detail }],
  });
}

/**
 * Serialises a value. `JSON.stringify` would turn NaN, Infinity, invalid dates and an array's undefined into null and
 * drop functions without a word.
 *
 * @throws {Problem} 400 `unserialisable`, with the field, where the value holds what JSON cannot say.
 */
export function toJson(value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(
      value,
      function (this: Readonly<Record<string, unknown>>, key, each: unknown) {
        // A date comes here as the text it made of itself: only its holder still has the date.
        if (each === null && this[key] instanceof Date) refuse(key, "an invalid date has no time");
        if (each === undefined && Array.isArray(this)) refuse(key, "undefined is no JSON value");
        if (typeof each === "number" && !Number.isFinite(each)) {
          refuse(key, `${each} is no JSON number`);
        }
        if (typeof each === "bigint" || typeof each === "function" || typeof each === "symbol") {
          refuse(key, `a ${typeof each} is no JSON value`);
        }
        return each;
      },
    );
  } catch (thrown) {
    if (thrown instanceof Problem) throw thrown;
    refuse("", "it refers to itself or cannot be read");
  }
  return json ?? refuse("", "undefined is no JSON value");
}
