/**
 * The way into the log: publications are checked and serialised before anything is stored.
 *
 * @module
 */
import type { EventInput, SerializedEvent } from "../core/event.ts";
import { toJson } from "../core/json.ts";
import type { Metrics, PublishOutcome } from "../core/metrics.ts";
import { ORIGIN, type Position } from "../core/position.ts";
import { Problem } from "../core/problem.ts";
import type { Topic } from "../core/topic.ts";
import { StoreUnavailable } from "../store/errors.ts";
import {
  type Appended,
  type AppendOptions,
  type Cas,
  type CasResult,
  type EventLog,
  keyReused,
  queueFull,
} from "../store/event_log.ts";
import { type EncodedEvent, encodeFrames } from "../wire/sse.ts";

const utf8 = new TextEncoder();

/** UTF-8 takes at most 3 bytes for what JavaScript counts as one character. */
const MOST_UTF8_BYTES = 3;

/**
 * Turns a publication into a draft. All of it happens before this returns, so a later change of the object is not seen.
 *
 * @throws {Problem} 422 `unknown_type` or `wrong_shape`, 400 `unserialisable`, 413 `event_too_large`.
 */
export function draftOf(
  topic: Topic,
  publication: EventInput,
  maxEventBytes: number,
): SerializedEvent {
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

  const mayBeLarge = json.length * MOST_UTF8_BYTES > maxEventBytes;
  if (mayBeLarge) requireSize(utf8.encode(json).byteLength, maxEventBytes);
  return { type, key, tags: [...tags], json };
}

function requireSize(bytes: number, most: number): void {
  if (bytes <= most) return;
  const detail = `The event takes ${bytes} bytes; at most ${most} are allowed.`;
  throw new Problem(413, "event_too_large", detail);
}

/** Makes of drafts what can be shown without the log: events without ids. */
export function unlogged(topic: Topic, drafts: readonly SerializedEvent[]): EncodedEvent[] {
  return drafts.map((draft) => ({
    ...draft,
    id: ORIGIN,
    topic: topic.name,
    prevId: null,
    bytes: encodeFrames({ event: draft.type, data: draft.json }),
  }));
}

/** What a refused publication counts as. */
function outcomeOf(thrown: unknown): PublishOutcome {
  if (thrown instanceof StoreUnavailable) return "away";
  return thrown instanceof Problem ? "refused" : "fault";
}

/**
 * Publishes events of one topic together: all or none.
 *
 * @returns Their ids. They are in the log; clients get them about now.
 * @throws {Problem} Where one of them is refused (400, 413, 422), `once` came before with another body (422), the lease
 * of the fence is another's (409), or the log does not answer (503).
 */
export type Publish = (
  topic: Topic,
  publications: readonly EventInput[],
  options?: Omit<AppendOptions, "cas">,
) => Promise<readonly Position[]>;

/**
 * Puts a value, and publishes what became of it, in one step. Where something else is kept than was expected, neither.
 * Problems as of {@linkcode Publish}; 503 `queue_full` where the roll is.
 */
export type Change = (topic: Topic, publication: EventInput, cas: Cas) => Promise<CasResult>;

/** Creates what publishes, and counts what becomes of it. */
export function createPublishing(
  log: Pick<EventLog, "append">,
  metrics: Pick<Metrics, "published">,
  maxEventBytes: number,
): { readonly publish: Publish; readonly change: Change } {
  /** What another was faster than is no publication. */
  async function append(
    topic: Topic,
    publications: readonly EventInput[],
    options: AppendOptions | undefined,
  ): Promise<Appended> {
    const count = (outcome: PublishOutcome) =>
      metrics.published(topic.metricKind, outcome, publications.length);
    try {
      const drafts = publications.map((each) => draftOf(topic, each, maxEventBytes));
      const appended = await log.append(topic, drafts, options);
      if (appended.kind !== "stale" && appended.kind !== "full") count(appended.kind);
      return appended;
    } catch (thrown) {
      count(outcomeOf(thrown));
      throw thrown;
    }
  }

  return {
    async publish(topic, publications, options) {
      if (publications.length === 0) return [];
      const appended = await append(topic, publications, options);
      if ("ids" in appended) return appended.ids;
      // Nothing was swapped, so nothing can be stale, and no roll full.
      if (appended.kind === "stale" || appended.kind === "full") {
        throw new TypeError(`Cannot be ${appended.kind}: no value was swapped`);
      }
      if (appended.kind === "fenced") {
        throw new Problem(409, "fenced", "Another isolate leads by now.");
      }
      throw keyReused();
    },

    async change(topic, publication, cas) {
      const appended = await append(topic, [publication], { cas });
      if (appended.kind === "full") throw queueFull(cas.openIndex?.max ?? 0);
      if (appended.kind === "stale") return { isSet: false, current: appended.current };
      return { isSet: true, current: cas.next };
    },
  };
}
