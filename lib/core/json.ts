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
 * Serialises a value. `JSON.stringify` would turn NaN and Infinity into null and drop functions without a word.
 *
 * @throws {Problem} 400 `unserialisable`, with the field, where the value holds what JSON cannot say.
 */
export function toJson(value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value, (key, each: unknown) => {
      if (typeof each === "number" && !Number.isFinite(each)) {
        refuse(key, `${each} is no JSON number`);
      }
      if (typeof each === "bigint" || typeof each === "function" || typeof each === "symbol") {
        refuse(key, `a ${typeof each} is no JSON value`);
      }
      return each;
    });
  } catch (thrown) {
    if (thrown instanceof Problem) throw thrown;
    refuse("", "it refers to itself or cannot be read");
  }
  return json ?? refuse("", "undefined is no JSON value");
}
