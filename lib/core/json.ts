/**
 * Serialisation to JSON that refuses what JSON cannot represent.
 *
 * @module
 */
import { Problem } from "./problem.ts";

/** The name of the whole value in problems. */
const WHOLE_VALUE = "data";

function refuse(field: string, detail: string): never {
  throw new Problem(400, "unserialisable", "The data cannot be written as JSON.", {
    errors: [{ field, detail }],
  });
}

/** Returns the reason why JSON cannot represent one field, null if it can. */
function jsonObjection(
  parent: Readonly<Record<string, unknown>>,
  key: string,
  field: unknown,
): string | null {
  // JSON.stringify calls toJSON() first, so only the parent object still has the Date.
  if (field === null && parent[key] instanceof Date) return "an invalid date has no time";
  if (field === undefined && Array.isArray(parent)) return "undefined is not a JSON value";
  if (typeof field === "number" && !Number.isFinite(field)) return `${field} is not a JSON number`;
  if (typeof field === "bigint" || typeof field === "function" || typeof field === "symbol") {
    return `a ${typeof field} is not a JSON value`;
  }
  return null;
}

/**
 * Serialises a value. `JSON.stringify` alone would turn NaN, Infinity, invalid dates and an array's undefined into null,
 * and would drop functions silently. Fields that are undefined are left out.
 *
 * @throws {Problem} 400 `unserialisable`, with the field, if JSON cannot represent the value.
 */
export function toJson(value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(
      value,
      function (this: Readonly<Record<string, unknown>>, key, field: unknown) {
        const objection = jsonObjection(this, key, field);
        if (objection !== null) refuse(key === "" ? WHOLE_VALUE : key, objection);
        return field;
      },
    );
  } catch (thrown) {
    if (thrown instanceof Problem) throw thrown;
    refuse(WHOLE_VALUE, "it refers to itself or cannot be read");
  }
  return json ?? refuse(WHOLE_VALUE, "undefined is not a JSON value");
}
