/**
 * Tickets: a right to some topics that fits into a URL, since it opens one stream, and soon.
 *
 * A ticket says itself what it is for, under our signature: who comes with garbage, or sends HEAD, costs no read of the
 * store. The store keeps which tickets were not spent yet, for as long as they live.
 *
 * @module
 */
import { z } from "zod";
import { Problem } from "../core/problem.ts";
import { randomId } from "../core/random_id.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Store } from "../store/store.ts";
import { deriveKey, sha256 } from "./crypto.ts";
import { readJwt, signJwt } from "./jwt.ts";

/** How long one lives. */
const TICKET_MS = 30_000;

/** A URL takes 4096 characters, and has the topics in it once more. */
const MOST_CHARACTERS = 2048;

/** What a ticket stands for. */
export interface TicketRights {
  /** The user it was made for, none where a publisher made it. */
  readonly sub: string | undefined;
  /** Exact names. */
  readonly topics: readonly string[];
  /** When the rights behind it end, in ms since the epoch; undefined where they do not. */
  readonly endsAt: number | undefined;
}

/** A ticket, and the last moment to use it, in ms since the epoch. */
export interface Issued {
  readonly ticket: string;
  readonly expiresAt: number;
}

/** Makes tickets, and takes them back. */
export interface Tickets {
  /** @throws {Problem} 400 `ticket_too_long`, or 503 where the store is away. */
  issue(rights: TicketRights): Promise<Issued>;
  /** What a ticket stands for, spent or not: null where it is not ours or has ended. Reads no store. */
  read(ticket: string): Promise<TicketRights | null>;
  /** Spends one that was read. @returns False where it was spent before. @throws {Problem} 503 where the store is away. */
  consume(ticket: string): Promise<boolean>;
}

/** `n` keeps two tickets for the same apart. */
const TicketClaims = z.object({
  n: z.string(),
  sub: z.string().optional(),
  topics: z.array(z.string()),
  ends_at: z.number().optional(),
});

/** The store's key of a ticket: not the ticket itself, so that who reads the store can open nothing. */
function storeKey(ticket: string): string {
  return `ticket:${sha256(ticket).slice(0, 32)}`;
}

/** Creates tickets. @param secret What all isolates know and nobody else does: without it there are no tickets. */
export function createTickets(
  { clock, random, store, secret }: Pick<Runtime, "clock" | "random"> & {
    readonly store: Pick<Store, "set" | "take">;
    readonly secret: string | undefined;
  },
): Tickets {
  // A key of its own: a ticket is never a user's token.
  const key = secret === undefined ? undefined : deriveKey("tickets", secret);

  return {
    async issue({ sub, topics, endsAt }) {
      if (key === undefined) throw new TypeError("Cannot issue a ticket: there is no secret");
      const now = clock.now();
      const expiresAt = Math.min(now + TICKET_MS, endsAt ?? Infinity);
      const claims = { n: randomId(random), sub, topics, ends_at: endsAt, exp: expiresAt / 1000 };
      const ticket = await signJwt(claims, key);
      if (ticket.length > MOST_CHARACTERS) {
        throw new Problem(400, "ticket_too_long", "A ticket takes fewer topics.");
      }
      await store.set(storeKey(ticket), "1", expiresAt - now);
      return { ticket, expiresAt };
    },

    async read(ticket) {
      if (key === undefined) return null;
      const { data } = TicketClaims.safeParse(await readJwt(ticket, key, clock.now()));
      return data ? { sub: data.sub, topics: data.topics, endsAt: data.ends_at } : null;
    },

    async consume(ticket) {
      return await store.take(storeKey(ticket)) !== null;
    },
  };
}
