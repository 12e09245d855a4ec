/**
 * A publisher that retries on either isolate until each event is acknowledged exactly once.
 *
 * @module
 */
import { assert } from "@std/assert";
import { ACCEPTED, OF_PUBLISHER } from "../support/publisher.ts";
import type { Seeded } from "../support/seeded.ts";
import { parse } from "../support/shapes.ts";
import { pause } from "../support/within.ts";
import type { Isolate } from "./isolates.ts";

/** The longest wait for a response, in milliseconds: longer than the server retries. */
const MAX_RESPONSE_MS = 6000;

/** The longest wait before a retry, in milliseconds. */
const MAX_RETRY_MS = 100;

/** The probability with which a lane changes its isolate before a request. */
const HOP_SHARE = 0.005;

/** Counts of failed requests, which were retried. */
export interface PublisherCounts {
  /** Responses 503: the store is unavailable, or the isolate drains. */
  readonly refused: number;
  /** Requests without a whole response. */
  readonly lost: number;
}

/** The rate and duration of publishing. */
export interface PublishOptions {
  readonly atLeast: number;
  readonly perSecond: number;
  /** Publishing goes on until this settles. */
  readonly during: Promise<unknown>;
}

/**
 * Lanes side by side. In each, an event is sent when the one before is acknowledged, so that their order in the log is
 * known.
 */
export interface Publisher {
  /** The ids of the acknowledged events of each lane, in the order of their numbers. */
  readonly acknowledged: readonly (readonly string[])[];
  readonly counts: PublisherCounts;
  /** The number of acknowledged events. */
  readonly total: number;
  publish(options: PublishOptions): Promise<void>;
  /** Ends publishing, acknowledged or not. */
  stop(): void;
}

/** Creates a pacer: its calls resolve at the rate, and catch up on at most 100 ms. */
function createPace(perSecond: number): () => Promise<void> {
  let due = performance.now();
  return async () => {
    const now = performance.now();
    due = Math.max(due + 1000 / perSecond, now - 100);
    if (due > now) await pause(due - now);
  };
}

/** Creates a publisher on both isolates. */
export function createPublisher(
  isolates: readonly [Isolate, Isolate],
  { lanes, random }: { readonly lanes: number; readonly random: Seeded },
): Publisher {
  const acknowledged: string[][] = Array.from({ length: lanes }, () => []);
  const counts = { refused: 0, lost: 0 };
  const run = crypto.randomUUID();
  const end = new AbortController();
  let total = 0;

  /** Publishes once. @returns The id, or null if it must be retried. */
  async function post(isolate: Isolate, lane: number, number: number): Promise<string | null> {
    const response = await fetch(`${isolate.server.origin}/v1/events/alerts`, {
      method: "POST",
      headers: {
        ...OF_PUBLISHER,
        "content-type": "application/json",
        "idempotency-key": `${run}-${lane}-${number}`,
      },
      body: JSON.stringify({ type: "tick", data: { lane, number } }),
      signal: AbortSignal.any([end.signal, AbortSignal.timeout(MAX_RESPONSE_MS)]),
    }).catch(() => null);
    // The body may be lost after its head.
    const text = await response?.text().catch(() => null) ?? null;
    if (response === null || text === null) {
      counts.lost++;
      return null;
    }
    if (response.status === 503) {
      assert(response.headers.has("retry-after"), `503 without Retry-After: ${text}`);
      counts.refused++;
      return null;
    }
    assert(response.status === 202, `Publishing got ${response.status}: ${text}`);
    return parse(ACCEPTED, text).id;
  }

  async function publishLane(lane: number, turn: () => Promise<void>, isEnough: () => boolean) {
    const ids = acknowledged[lane] ?? [];
    let isolateIndex = random.below(2);
    for (await turn(); !isEnough(); await turn()) {
      const number = ids.length + 1;
      while (!end.signal.aborted) {
        if (random.chance(HOP_SHARE)) isolateIndex = 1 - isolateIndex;
        const id = await post(isolates[isolateIndex] ?? isolates[0], lane, number);
        if (id !== null) {
          ids.push(id);
          total++;
          break;
        }
        isolateIndex = 1 - isolateIndex;
        await pause(random.below(MAX_RETRY_MS));
      }
    }
  }

  return {
    acknowledged,
    counts,
    get total() {
      return total;
    },
    async publish({ atLeast, perSecond, during }) {
      const enough = total + atLeast;
      let isOver = false;
      during.catch(() => {}).finally(() => isOver = true);
      const isEnough = () => end.signal.aborted || (isOver && total >= enough);
      const turn = createPace(perSecond);
      await Promise.all(acknowledged.map((_, lane) => publishLane(lane, turn, isEnough)));
    },
    stop: () => end.abort(),
  };
}
