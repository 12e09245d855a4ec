/**
 * A publisher that retries on either isolate until each event is acknowledged exactly once.
 *
 * @module
 */
import { assert } from "@std/assert";
import { z } from "zod";
import { PUBLISH_TOKEN } from "../support/publisher.ts";
import type { Seeded } from "../support/seeded.ts";
import { ID, parse } from "../support/shapes.ts";
import { pause } from "../support/within.ts";
import type { Isolate } from "./isolates.ts";

/** The longest wait for an answer, in milliseconds: longer than the server retries. */
const ANSWER_MS = 6000;

/** The longest wait before a retry, in milliseconds. */
const AGAIN_MS = 100;

/** The probability that a lane changes its isolate without a reason. */
const HOPS = 0.005;

const ACCEPTED = z.object({ id: ID });

/** Counts of failed requests, which were retried. */
export interface PublisherCounts {
  /** Answers 503: the store is unavailable, or the isolate drains. */
  readonly refused: number;
  /** Requests without an answer. */
  readonly lost: number;
}

/** Events to publish. */
export interface Order {
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
  /** The ids that each lane was answered, by number. */
  readonly acknowledged: readonly (readonly string[])[];
  readonly counts: PublisherCounts;
  /** The number of acknowledged events. */
  readonly total: number;
  publish(order: Order): Promise<void>;
  /** Ends publishing, acknowledged or not. */
  stop(): void;
}

/** Creates a rate limit: each call resolves at its turn. */
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
    const answer = await fetch(`${isolate.server.origin}/v1/events/alerts`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${PUBLISH_TOKEN}`,
        "idempotency-key": `${run}-${lane}-${number}`,
      },
      body: JSON.stringify({ type: "tick", data: { lane, number } }),
      signal: AbortSignal.any([end.signal, AbortSignal.timeout(ANSWER_MS)]),
    }).catch(() => null);
    // The body may be lost after its head.
    const text = await answer?.text().catch(() => null) ?? null;
    if (answer === null || text === null) {
      counts.lost++;
      return null;
    }
    if (answer.status === 503) {
      assert(answer.headers.has("retry-after"), `503 without Retry-After: ${text}`);
      counts.refused++;
      return null;
    }
    assert(answer.status === 202, `Publishing was answered ${answer.status}: ${text}`);
    return parse(ACCEPTED, text).id;
  }

  async function work(lane: number, turn: () => Promise<void>, isEnough: () => boolean) {
    const ids = acknowledged[lane] ?? [];
    let at = random.below(2);
    for (await turn(); !isEnough(); await turn()) {
      const number = ids.length + 1;
      while (!end.signal.aborted) {
        if (random.chance(HOPS)) at = 1 - at;
        const id = await post(isolates[at] ?? isolates[0], lane, number);
        if (id !== null) {
          ids.push(id);
          total++;
          break;
        }
        at = 1 - at;
        await pause(random.below(AGAIN_MS));
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
      await Promise.all(acknowledged.map((_, lane) => work(lane, turn, isEnough)));
    },
    stop: () => end.abort(),
  };
}
