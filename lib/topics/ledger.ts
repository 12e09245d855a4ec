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
import { messageOf } from "../core/log.ts";
import { Problem } from "../core/problem.ts";
import type { Topic } from "../core/topic.ts";
import type { World } from "../core/world.ts";
import type { Hub } from "../hub/hub.ts";
import { StoreAway } from "../store/away.ts";
import type { Once } from "../store/event_log.ts";
import type { Store } from "../store/store.ts";
import { createdOnce } from "./created_once.ts";

/** How much of an id is chance: 100 bits, in fives. */
const RANDOM_CHARACTERS = 20;

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
}

/** All things of a kind. Everything rejects with a {@linkcode StoreAway} where the store cannot be reached. */
export interface Ledger<Kept extends object> {
  /**
   * Begins one, and publishes its first event.
   *
   * @param once Makes a repeated request one thing: the first answer comes again.
   * @throws {Problem} 413 `event_too_large`, 400 `unserialisable`, or 422 `idempotency_key_reused`.
   */
  begin(make: (id: string, now: number) => Kept, once?: Once): Promise<Kept>;
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
export interface LedgerContext {
  readonly world: Pick<World, "clock" | "random" | "log">;
  readonly hub: Pick<Hub, "change">;
  readonly store: Pick<Store, "get" | "swap">;
  /** How long one is kept after its end, in milliseconds. */
  readonly retainMs: number;
  readonly maxEventBytes: number;
}

/** Opens the ledger of a kind of things. */
export function createLedger<Kept extends object>(
  { world: { clock, random, log }, hub, store, retainMs, maxEventBytes }: LedgerContext,
  kind: Kind<Kept>,
): Ledger<Kept> {
  const keyOf = (id: string) => `${kind.noun}:${id}`;
  let count = 0;

  /** When it began, which of this isolate's it is, and chance, since another isolate may begin one at the same time. */
  function newId(): string {
    const chance = Array.from(
      { length: RANDOM_CHARACTERS },
      () => Math.floor(random() * 32).toString(32),
    );
    return [clock.now().toString(36), (++count).toString(36), chance.join("")].join("-");
  }

  /** What nobody looks at any more is kept as long as if it had been seen to end. */
  function ttlMs(kept: Kept, now: number): number {
    return retainMs + (kind.isOver(kept) ? 0 : Math.max(0, kind.expiresAt(kept) - now));
  }

  /** Puts what became of it, and publishes it. @returns What is kept now. */
  async function put(expected: string | null, kept: Kept): Promise<string | null> {
    const id = kind.idOf(kept);
    const next = JSON.stringify(kept);
    const swap = { key: keyOf(id), expected, next, ttlMs: ttlMs(kept, clock.now()) };
    return await hub.change(kind.topicOf(id), kind.eventOf(kept), swap);
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
      const kept = kind.Kept.parse(JSON.parse(text));
      const now = clock.now();
      const seen = kind.lookedAt(kept, now);
      const next = seen === kept ? step(kept, now) : seen;
      if (next === kept || typeof next === "string") return next;
      const held = await put(text, next);
      if (held === JSON.stringify(next) && next !== seen) return next;
      text = held;
    }
    return null;
  }

  async function look(id: string): Promise<Kept | null> {
    return await move<never>(id, (kept) => kept);
  }

  return {
    async begin(make, once) {
      const now = clock.now();
      const first = fitting<never>(make(newId(), now));
      const kept = once ? await createdOnce(store, kind.Kept, once, first) : first;
      // Who was told of it and died before it was put is helped by who asks again, as long as it would live.
      if (clock.now() < kind.expiresAt(kept)) await put(null, kept);
      return kept;
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
          if (!(thrown instanceof StoreAway)) {
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
