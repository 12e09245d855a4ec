/**
 * Serialisation to JSON without loss.
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
 * Serialises a value. `JSON.stringify` alone would turn NaN, Infinity, invalid dates and an array's undefined into null,
 * and would drop functions silently.
 *
 * @throws {Problem} 400 `unserialisable`, with the field, if JSON cannot represent the value.
 */
export function toJson(value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(
      value,
      function (this: Readonly<Record<string, unknown>>, key, each: unknown) {
        // JSON.stringify calls toJSON() first: only the parent object still has the Date.
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
