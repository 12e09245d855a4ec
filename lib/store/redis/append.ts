/**
 * Appends to the log: one script for each publication.
 *
 * @module
 */
import { z } from "zod";
import type { SerializedEvent } from "../../core/event.ts";
import { isPosition, type Position } from "../../core/position.ts";
import { withRetry } from "../../core/retry.ts";
import type { Topic } from "../../core/topic.ts";
import { StoreUnavailable } from "../errors.ts";
import {
  type Appended,
  type AppendOptions,
  type EventLog,
  IDEMPOTENCY_KEY_MS,
  MAX_BATCH_EVENTS,
  weightOf,
} from "../event_log.ts";
import { APPEND_SCRIPT, type AppendArgs } from "./append_script.ts";
import { eventId, formatBodyStart, stringifyEvent } from "./bus.ts";
import { CALL_TIMEOUT_MS, readReply, type RedisContext } from "./client.ts";

/** Lifetime of the key of a publication without an idempotency key, in milliseconds. It covers the retries below. */
const RETRY_KEY_MS = 60_000;

/** The time after which an append is no longer retried, in milliseconds. */
const APPEND_TIMEOUT_MS = 2 * CALL_TIMEOUT_MS;

const MAX_APPEND_ATTEMPTS = 3;

/** Maximum random delay before the next attempt, in milliseconds. */
const APPEND_RETRY_DELAY_MS = 100;

const APPEND_REPLY = z.union([
  z.tuple([z.literal("fenced")]),
  z.tuple([z.literal("full")]),
  z.tuple([z.literal("appended"), z.string()]),
  z.tuple([z.literal("stale"), z.string().nullable()]),
  // The stored result: the entry, the number of its events, the call that wrote it, the fingerprint of its key.
  z.tuple([
    z.literal("known"),
    z.string().regex(/^\d+-\d+ \d+ \S+ /).transform((result) => {
      const [entry = "", count = "", call = ""] = result.split(" ", 3);
      const fingerprint = result.slice(entry.length + count.length + call.length + 3);
      return { entry, count: Number(count), call, fingerprint };
    }),
  ]),
]);

/** Creates the `append()` of a log. It retries a call whose outcome is unknown. */
export function createRedisAppend(
  { runtime, client, keys, retention, isolate }: RedisContext,
): EventLog["append"] {
  const { clock, random } = runtime;
  // It differs if an isolate starts again under the same name.
  const startId = Math.floor(random() * 2 ** 48).toString(36);
  let calls = 0;

  function idsOf(entry: string, count: number): Position[] {
    return Array.from({ length: count }, (_, i) => eventId(entry, i));
  }

  /** Returns the script's arguments: the named fields, both values of a compare-and-set, then two per event. */
  function scriptArgs(
    topic: Topic,
    events: readonly SerializedEvent[],
    call: string,
    { idempotencyKey, fence, retracts = [], cas }: AppendOptions,
  ): (string | number)[] {
    const { kind } = topic;
    const { openIndex } = cas ?? {};
    const namedArgs: AppendArgs = {
      kind,
      channel: keys.channel,
      holder: fence?.holder,
      call: `${call} ${idempotencyKey?.fingerprint ?? ""}`,
      keyTtlMs: idempotencyKey ? IDEMPOTENCY_KEY_MS : RETRY_KEY_MS,
      retainEvents: retention.retainEvents,
      retainMs: retention.retainMs,
      bodyStart: formatBodyStart(topic, retracts),
      retracts: kind === "log" ? retracts.filter(isPosition) : [],
      cas: cas && {
        isNew: cas.expected === null,
        ttlMs: cas.ttlMs,
        topicTtlMs: topic.family === undefined ? undefined : cas.ttlMs,
        openIndex: openIndex && {
          command: openIndex.isOpen ? "SADD" : "SREM",
          member: cas.key,
          max: openIndex.max,
        },
      },
    };
    return [
      JSON.stringify(namedArgs),
      cas?.expected ?? "",
      cas?.next ?? "",
      ...events.flatMap((event) => [
        kind === "log" ? weightOf(event) : event.key,
        stringifyEvent(event),
      ]),
    ];
  }

  return async (topic, events, options = {}): Promise<Appended> => {
    if (events.length === 0 || events.length > MAX_BATCH_EVENTS) {
      throw new RangeError(`Cannot append ${events.length} events together`);
    }
    const { idempotencyKey, fence, cas } = options;
    const call = `${encodeURIComponent(isolate)}:${startId}:${++calls}`;
    const scriptKeys = [
      keys.lease(fence?.lease ?? ""),
      keys.bus,
      keys.epoch,
      keys.publication(idempotencyKey ? `key:${idempotencyKey.key}` : `call:${call}`),
      topic.kind === "log" ? keys.log(topic.name) : keys.state(topic.name),
      keys.prevOverrides(topic.name),
      keys.value(cas?.key ?? ""),
      keys.openIndex(cas?.openIndex?.name ?? ""),
    ];
    const args = scriptArgs(topic, events, call, options);
    const deadlineAt = clock.elapsed() + APPEND_TIMEOUT_MS;
    // The publication key makes all attempts one publication.
    const reply = await withRetry(runtime, () => client.script(APPEND_SCRIPT, scriptKeys, args), {
      isRetryable: (thrown, failures) =>
        thrown instanceof StoreUnavailable && thrown.isUnknown && failures < MAX_APPEND_ATTEMPTS &&
        clock.elapsed() < deadlineAt,
      firstDelayMs: APPEND_RETRY_DELAY_MS,
      maxDelayMs: APPEND_RETRY_DELAY_MS,
    });

    const [outcome, detail] = readReply(() => APPEND_REPLY.parse(reply));
    if (outcome === "fenced" || outcome === "full") return { kind: outcome };
    if (outcome === "stale") return { kind: "stale", current: detail };
    if (outcome === "appended") return { kind: "appended", ids: idsOf(detail, events.length) };
    const ids = idsOf(detail.entry, detail.count);
    if (detail.call === call) return { kind: "appended", ids };
    return idempotencyKey?.fingerprint === detail.fingerprint
      ? { kind: "repeated", ids }
      : { kind: "conflict" };
  };
}
