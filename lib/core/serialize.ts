/**
 * Checks and serialises the events of a publisher.
 *
 * @module
 */
import type { EventInput, SerializedEvent } from "./event.ts";
import { toJson } from "./json.ts";
import { Problem } from "./problem.ts";
import type { Topic } from "./topic.ts";

const utf8 = new TextEncoder();

/** The most UTF-8 bytes of one UTF-16 unit, which JavaScript counts as a character. */
const MAX_BYTES_PER_CHARACTER = 3;

/**
 * Checks and serialises an event. It is synchronous, so a later change of the data has no effect.
 *
 * @throws {Problem} 422 `unknown_type` or `wrong_shape`, 400 `unserialisable`, 413 `event_too_large`.
 */
export function serialize(
  topic: Topic,
  { type, data, key = "", tags = [] }: EventInput,
  maxEventBytes: number,
): SerializedEvent {
  const schema = Object.hasOwn(topic.events, type) ? topic.events[type] : undefined;
  if (!schema) {
    const types = Object.keys(topic.events).join(", ");
    throw new Problem(422, "unknown_type", `The topic ${topic.name} takes the types ${types}.`, {
      errors: [{ field: "type", detail: `one of ${types}` }],
    });
  }

  const json = toJson(data);
  const result = schema.safeParse(JSON.parse(json));
  if (!result.success) {
    throw new Problem(422, "wrong_shape", `The data is not a valid ${type}.`, {
      errors: result.error.issues.map(({ path, message }) => ({
        field: ["data", ...path].join("."),
        detail: message,
      })),
    });
  }

  const mayBeLarge = json.length * MAX_BYTES_PER_CHARACTER > maxEventBytes;
  if (mayBeLarge) checkSize(utf8.encode(json).byteLength, maxEventBytes);
  return { type, key, tags: [...tags], json };
}

/**
 * Checks the size of an event.
 *
 * @throws {Problem} 413 `event_too_large`.
 */
function checkSize(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  const detail = `The event takes ${bytes} bytes; at most ${maxBytes} are allowed.`;
  throw new Problem(413, "event_too_large", detail);
}
