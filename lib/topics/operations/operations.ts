/**
 * Operations: kept where all isolates see them, and changed by compare-and-set.
 *
 * A change and its event are one step of the log (`hub.change()`), so that neither is ever without the other, their order
 * is one, and there is one terminal event. What time brings is decided by whoever looks next: who asks, who reports, who
 * follows.
 *
 * @module
 */
import { toJson } from "../../core/json.ts";
import { messageOf } from "../../core/log.ts";
import { Problem } from "../../core/problem.ts";
import type { World } from "../../core/world.ts";
import type { Hub } from "../../hub/hub.ts";
import { StoreAway } from "../../store/away.ts";
import type { Once } from "../../store/event_log.ts";
import type { Store } from "../../store/store.ts";
import {
  type Beginning,
  begun,
  cancelled,
  eventOf,
  isOver,
  Kept,
  lookedAt,
  nextLookAt,
  type Refusal,
  type Report,
  reported,
} from "./operation.ts";
import { createdOnce } from "./created_once.ts";
import { operationIdOf, OPERATIONS, operationTopic } from "./topic.ts";

/** How much of an id is chance: 100 bits, in fives. */
const RANDOM_CHARACTERS = 20;

/** Room for what we say of an operation ourselves, in bytes: that it stalls, that it expired. */
const WORDS_BYTES = 256;

/** How long until it is looked again after a look that failed, in milliseconds. */
const AGAIN_MS = 5000;

const utf8 = new TextEncoder();

/** All operations. Everything rejects with a {@linkcode StoreAway} where the store cannot be reached. */
export interface Operations {
  /**
   * Begins one, and publishes its first event.
   *
   * @param once Makes a repeated request one operation: the first answer comes again.
   * @throws {Problem} 413 `event_too_large`, or 422 `idempotency_key_reused`.
   */
  create(beginning: Omit<Beginning, "id">, once?: Once): Promise<Kept>;
  /** Looks at one: null where there is none, or no more. */
  look(id: string): Promise<Kept | null>;
  /** Takes its worker's report. @throws {Problem} 413 `event_too_large`, or 400 `unserialisable`. */
  report(id: string, report: Report): Promise<Kept | Refusal | null>;
  /** Ends one, as it was asked to. */
  cancel(id: string): Promise<Kept | Refusal | null>;
}

/** What operations stand on. */
export interface OperationsContext {
  readonly world: Pick<World, "clock" | "random" | "log">;
  readonly hub: Pick<Hub, "change" | "whileFollowed">;
  readonly store: Pick<Store, "get" | "swap">;
  /** How long one is kept after its end, in milliseconds. */
  readonly retainMs: number;
  readonly maxEventBytes: number;
}

/** Creates operations. Those that are followed are looked at when time makes something of them. */
export function createOperations(
  { world: { clock, random, log }, hub, store, retainMs, maxEventBytes }: OperationsContext,
): Operations {
  const keyOf = (id: string) => `operation:${id}`;
  let count = 0;

  /** When it began, which of this isolate's it is, and chance, since another isolate may begin one at the same time. */
  function newId(): string {
    const chance = Array.from(
      { length: RANDOM_CHARACTERS },
      () => Math.floor(random() * 32).toString(32),
    );
    return [clock.now().toString(36), (++count).toString(36), chance.join("")].join("-");
  }

  /** An operation that nobody looks at any more is kept as long as if it had been seen to expire. */
  function ttlMs(kept: Kept, now: number): number {
    return retainMs + (isOver(kept) ? 0 : Math.max(0, Date.parse(kept.operation.expires_at) - now));
  }

  /** Puts what became of it, and publishes it. @returns What is kept now. */
  async function put(expected: string | null, kept: Kept): Promise<string | null> {
    const swap = {
      key: keyOf(kept.operation.id),
      expected,
      next: JSON.stringify(kept),
      ttlMs: ttlMs(kept, clock.now()),
    };
    return await hub.change(operationTopic(kept.operation.id), eventOf(kept), swap);
  }

  /** Takes one a step on, after what time has made of it. Where another was faster, from there. */
  async function move(
    id: string,
    step: (kept: Kept, now: number) => Kept | Refusal,
  ): Promise<Kept | Refusal | null> {
    let text = await store.get(keyOf(id));
    while (text !== null) {
      const kept = Kept.parse(JSON.parse(text));
      const now = clock.now();
      const seen = lookedAt(kept, now);
      const next = seen === kept ? step(kept, now) : seen;
      if (next === kept || typeof next === "string") return next;
      const held = await put(text, next);
      if (held === JSON.stringify(next) && next !== seen) return next;
      text = held;
    }
    return null;
  }

  /**
   * Refuses what leaves no room for our own words: it could never be said to have expired.
   *
   * @throws {Problem} 413 `event_too_large`, or 400 `unserialisable`.
   */
  function fitting(kept: Kept): Kept {
    const size = utf8.encode(toJson(kept.operation)).byteLength;
    const most = maxEventBytes - WORDS_BYTES;
    if (size <= most) return kept;
    const detail = `The operation takes ${size} bytes; at most ${most} are allowed.`;
    throw new Problem(413, "event_too_large", detail);
  }

  async function look(id: string): Promise<Kept | null> {
    const seen = await move(id, (kept) => kept);
    return typeof seen === "string" ? null : seen;
  }

  /** Looks when time makes something of it: while it is followed, somebody has to. */
  function watch(id: string): () => void {
    let isWatched = true;
    let callOff = clock.after(0, () => void check());

    async function check(): Promise<void> {
      let at: number | null = clock.now() + AGAIN_MS;
      try {
        const kept = await look(id);
        at = kept && nextLookAt(kept);
      } catch (thrown) {
        if (!(thrown instanceof StoreAway)) {
          log.error("operation not looked at", { operation: id, error: messageOf(thrown) });
        }
      }
      if (isWatched && at !== null) callOff = clock.after(at - clock.now(), () => void check());
    }

    return () => {
      isWatched = false;
      callOff();
    };
  }

  hub.whileFollowed({ name: OPERATIONS }, ({ name }) => watch(operationIdOf(name)));

  return {
    async create(beginning, once) {
      const first = fitting(begun({ ...beginning, id: newId() }, clock.now()));
      const kept = once ? await createdOnce(store, once, first) : first;
      // Who was told of it and died before it was put is helped by who asks again, as long as it would live.
      if (clock.now() < Date.parse(kept.operation.expires_at)) await put(null, kept);
      return kept;
    },
    look,
    report: (id, report) =>
      move(id, (kept, now) => {
        const next = reported(kept, report, now);
        return typeof next === "string" ? next : fitting(next);
      }),
    cancel: (id) => move(id, cancelled),
  };
}
