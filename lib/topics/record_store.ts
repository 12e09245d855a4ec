/**
 * The ledger: things that live and end, kept where all isolates see them, and changed by compare-and-set.
 *
 * A change and its event are one step of the log (`hub.change()`), so that neither is ever without the other, their order
 * is one, and there is one terminal event. What time brings is decided by whoever looks next: who asks, who reports, who
 * follows.
 *
 * @module
 */
import type { z } from "zod";
import { toJson } from "../core/json.ts";
import { messageOf } from "../core/logger.ts";
import { Problem } from "../core/problem.ts";
import { randomId } from "../core/random_id.ts";
import type { Topic } from "../core/topic.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Hub } from "../hub/hub.ts";
import { StoreUnavailable } from "../store/errors.ts";
import type { Cas, CasResult, IdempotencyKey } from "../store/event_log.ts";
import type { Store } from "../store/store.ts";
import { begunBy, createdOnce } from "./idempotent_create.ts";

/** Room for what we say of a thing ourselves, in bytes: that it stalls, that it expired. */
const WORDS_BYTES = 256;

/** How long until it is looked again after a look that failed, in milliseconds. */
const AGAIN_MS = 5000;

const utf8 = new TextEncoder();

/** One kind of things, as pure functions: times come in, in ms since the epoch. */
export interface Kind<Kept extends object> {
  /** What one is called, such as `operation`. */
  readonly noun: string;
  /** The shape of what is kept of one. */
  readonly Kept: z.ZodType<Kept>;
  idOf(kept: Kept): string;
  /** The topic its events go to. */
  topicOf(id: string): Topic;
  /** Whether nothing comes any more. */
  isOver(kept: Kept): boolean;
  /** What time has made of it. The very same, where that is nothing. */
  lookedAt(kept: Kept, now: number): Kept;
  /** When time makes something of it next: null where it never does. */
  nextLookAt(kept: Kept): number | null;
  /** When it ends, if nobody does anything: it is kept until then at least. */
  expiresAt(kept: Kept): number;
  /** The event that tells how it is. Data is always the whole thing. */
  eventOf(kept: Kept): { readonly type: string; readonly data: unknown };
  /** The roll of those that are not over, and how many there may be. They can be listed, where there is one. */
  readonly openIndex?: { readonly name: string; readonly max: number };
  /** Hears of every step that this isolate took one on, once it is kept. */
  readonly onStep?: (from: Kept, to: Kept) => void;
}

/** All things of a kind. Everything rejects with a {@linkcode StoreAway} where the store cannot be reached. */
export interface RecordStore<Kept extends object> {
  /**
   * Begins one, and publishes its first event.
   *
   * @param once Makes a repeated request one thing: the first answer comes again.
   * @throws {Problem} 413 `event_too_large`, 400 `unserialisable`, 422 `idempotency_key_reused`, or 503 `queue_full`.
   */
  begin(make: (id: string, now: number) => Kept, idempotencyKey?: IdempotencyKey): Promise<Kept>;
  /**
   * What a request began that came before, and is still kept: null where it did not, or where its beginning failed.
   *
   * @throws {Problem} 422 `idempotency_key_reused`.
   */
  begunBy(idempotencyKey: IdempotencyKey): Promise<Kept | null>;
  /** Looks at all that are on the roll: those that are not over, in no order. */
  open(): Promise<Kept[]>;
  /** Looks at one: null where there is none, or no more. */
  look(id: string): Promise<Kept | null>;
  /**
   * Takes one a step on, after what time has made of it. Where another was faster, from there. The very same again is no
   * step, and a word refuses it.
   */
  move<Refusal extends string>(
    id: string,
    step: (kept: Kept, now: number) => Kept | Refusal,
  ): Promise<Kept | Refusal | null>;
  /**
   * Lets pass what leaves room for our own words, and words: else it could never be said to have ended.
   *
   * @throws {Problem} 413 `event_too_large`, or 400 `unserialisable`.
   */
  fitting<Refusal extends string>(next: Kept | Refusal): Kept | Refusal;
  /** Looks at one whenever time makes something of it, until it is called off. */
  watch(id: string): () => void;
}

/** What a ledger stands on. */
export interface RecordStoreContext {
  readonly runtime: Pick<Runtime, "clock" | "random" | "log">;
  readonly hub: Pick<Hub, "updateAndPublish">;
  readonly store: Pick<Store, "get" | "cas" | "all">;
  /** How long one is kept after its end, in milliseconds. */
  readonly retainMs: number;
  readonly maxEventBytes: number;
}

/** When what has this id began, in ms since the epoch: an id begins with it. */
function begunAt(id: string): number {
  return parseInt(id, 36);
}

/** Opens the ledger of a kind of things. */
export function createRecordStore<Kept extends object>(
  { runtime: { clock, random, log }, hub, store, retainMs, maxEventBytes }: RecordStoreContext,
  kind: Kind<Kept>,
): RecordStore<Kept> {
  const keyOf = (id: string) => `${kind.noun}:${id}`;
  let count = 0;

  /** When it began, which of this isolate's it is, and chance, since another isolate may begin one at the same time. */
  function newId(): string {
    return [clock.now().toString(36), (++count).toString(36), randomId(random)].join("-");
  }

  /** What nobody looks at any more is kept as long as if it had been seen to end. */
  function ttlMs(kept: Kept, now: number): number {
    return retainMs + (kind.isOver(kept) ? 0 : Math.max(0, kind.expiresAt(kept) - now));
  }

  function keptIn(text: string): Kept {
    return kind.Kept.parse(JSON.parse(text));
  }

  /** The roll changes with what begins or ends, in the same step: whoever dies, none that is open is off it. */
  function openIndexFor(expected: string | null, kept: Kept): Cas["openIndex"] {
    const isOpen = expected === null;
    return kind.openIndex && (isOpen || kind.isOver(kept))
      ? { ...kind.openIndex, isOpen }
      : undefined;
  }

  /** Puts what became of it, and publishes it. */
  async function put(expected: string | null, kept: Kept): Promise<CasResult> {
    const id = kind.idOf(kept);
    return await hub.updateAndPublish(kind.topicOf(id), kind.eventOf(kept), {
      key: keyOf(id),
      expected,
      next: JSON.stringify(kept),
      ttlMs: ttlMs(kept, clock.now()),
      openIndex: openIndexFor(expected, kept),
    });
  }

  function fitting<Refusal extends string>(next: Kept | Refusal): Kept | Refusal {
    if (typeof next === "string") return next;
    const size = utf8.encode(toJson(kind.eventOf(next).data)).byteLength;
    const most = maxEventBytes - WORDS_BYTES;
    if (size <= most) return next;
    const detail = `The ${kind.noun} takes ${size} bytes; at most ${most} are allowed.`;
    throw new Problem(413, "event_too_large", detail);
  }

  async function move<Refusal extends string>(
    id: string,
    step: (kept: Kept, now: number) => Kept | Refusal,
  ): Promise<Kept | Refusal | null> {
    let text = await store.get(keyOf(id));
    while (text !== null) {
      const kept = keptIn(text);
      const now = clock.now();
      const seen = kind.lookedAt(kept, now);
      const next = seen === kept ? step(kept, now) : seen;
      if (next === kept || typeof next === "string") return next;
      const { isSet, current: held } = await put(text, next);
      if (isSet) kind.onStep?.(kept, next);
      if (isSet && next !== seen) return next;
      text = held;
    }
    return null;
  }

  async function look(id: string): Promise<Kept | null> {
    return await move<never>(id, (kept) => kept);
  }

  return {
    async begin(make, idempotencyKey) {
      const now = clock.now();
      const first = fitting<never>(make(newId(), now));
      const kept = idempotencyKey
        ? await createdOnce(store, kind.Kept, idempotencyKey, first)
        : first;
      // Who was told of it and died before it was put is helped by who asks again: as long as it would live, and as it would
      // be kept if it had been put and were over.
      const until = Math.min(kind.expiresAt(kept), begunAt(kind.idOf(kept)) + retainMs);
      if (clock.now() < until) await put(null, kept);
      return kept;
    },
    async begunBy(idempotencyKey) {
      const kept = await begunBy(store, kind.Kept, idempotencyKey);
      const isThere = kept !== null && await store.get(keyOf(kind.idOf(kept))) !== null;
      return isThere ? kept : null;
    },
    async open() {
      const now = clock.now();
      const all = kind.openIndex ? (await store.all(kind.openIndex.name)).map(keptIn) : [];
      const found: Kept[] = [];
      await Promise.all(all.map(async (kept) => {
        const isSame = kind.lookedAt(kept, now) === kept;
        const seen = isSame ? kept : await look(kind.idOf(kept));
        if (seen !== null && !kind.isOver(seen)) found.push(seen);
      }));
      return found;
    },
    look,
    move,
    fitting,
    watch(id) {
      let isWatched = true;
      let callOff = clock.after(0, () => void check());

      async function check(): Promise<void> {
        let at: number | null = clock.now() + AGAIN_MS;
        try {
          const kept = await look(id);
          at = kept && kind.nextLookAt(kept);
        } catch (thrown) {
          if (!(thrown instanceof StoreUnavailable)) {
            log.error(`${kind.noun} not looked at`, { id, error: messageOf(thrown) });
          }
        }
        if (isWatched && at !== null) callOff = clock.after(at - clock.now(), () => void check());
      }

      return () => {
        isWatched = false;
        callOff();
      };
    },
  };
}
