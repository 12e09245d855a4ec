/**
 * Checks publications and serialises them, before anything is stored.
 *
 * @module
 */
import type { Draft, Publication } from "../core/event.ts";
import { toJson } from "../core/json.ts";
import { NOWHERE } from "../core/place.ts";
import { Problem } from "../core/problem.ts";
import type { Topic } from "../core/topic.ts";
import { type EncodedEvent, encodeFrames } from "../wire/sse.ts";

const utf8 = new TextEncoder();

/**
 * Turns a publication into a draft. All of it happens before this returns, so a later change of the object is not seen.
 *
 * @throws {Problem} 422 `unknown_type` or `wrong_shape`, 400 `unserialisable`, 413 `event_too_large`.
 */
export function draftOf(topic: Topic, publication: Publication, maxEventBytes: number): Draft {
  const { type, data, key = "", tags = [] } = publication;
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
    throw new Problem(422, "wrong_shape", `The data is no ${type}.`, {
      errors: result.error.issues.map(({ path, message }) => ({
        field: ["data", ...path].join("."),
        detail: message,
      })),
    });
  }

  const size = utf8.encode(json).byteLength;
  if (size > maxEventBytes) {
    throw new Problem(
      413,
      "event_too_large",
      `The event takes ${size} bytes; at most ${maxEventBytes} are allowed.`,
    );
  }
  return { type, key, tags: [...tags], json };
}

/** Makes of drafts what can be shown without the log: events without ids. */
export function unlogged(topic: Topic, drafts: readonly Draft[]): EncodedEvent[] {
  return drafts.map((draft) => ({
    ...draft,
    id: NOWHERE,
    topic: topic.name,
    prev: null,
    bytes: encodeFrames({ event: draft.type, data: draft.json }),
  }));
}
