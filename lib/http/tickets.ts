/**
 * Tickets: rights to some topics that fit into a URL. A ticket opens one stream, within 30 seconds.
 *
 * A ticket carries its rights under our signature, so an invalid ticket or a HEAD costs no read of the store. The store
 * records the tickets that are not consumed yet, until they expire.
 *
 * @module
 */
import { z } from "zod";
import { Problem } from "../core/problem.ts";
import { randomId } from "../core/random_id.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Store } from "../store/store.ts";
import { deriveKey, sha256 } from "./crypto.ts";
import { signJwt, verifyJwt } from "./jwt.ts";

/** The lifetime of a ticket. */
const TICKET_MS = 30_000;

/** The longest ticket. A URL has at most 4096 characters, and names the topics once more. */
const MAX_TICKET_CHARACTERS = 2048;

/** The rights of a ticket. */
export interface TicketRights {
  /** The user it was issued to; undefined for a publisher's. */
  readonly sub: string | undefined;
  /** The exact names of its topics. */
  readonly topics: readonly string[];
  /** The expiry of the token behind it, in ms since the epoch; undefined without one. */
  readonly endsAt: number | undefined;
}

/** An issued ticket, and its expiry in ms since the epoch. */
export interface Issued {
  readonly ticket: string;
  readonly expiresAt: number;
}

/** Issues and consumes tickets. */
export interface Tickets {
  /** Issues a ticket. @throws {Problem} 400 `ticket_too_long`. @throws {StoreUnavailable} */
  issue(rights: TicketRights): Promise<Issued>;
  /** Returns the rights of a ticket, consumed or not; null if it is invalid or has expired. Reads no store. */
  read(ticket: string): Promise<TicketRights | null>;
  /** Consumes a ticket. @returns False if it was consumed before. @throws {StoreUnavailable} */
  consume(ticket: string): Promise<boolean>;
}

/** The claims of a ticket. `n` tells tickets with the same rights apart. */
const TicketClaims = z.object({
  n: z.string(),
  sub: z.string().optional(),
  topics: z.array(z.string()),
  ends_at: z.number().optional(),
});

/** Returns the store's key of a ticket: not the ticket itself, so a reader of the store can open nothing. */
function storeKey(ticket: string): string {
  return `ticket:${sha256(ticket).slice(0, 32)}`;
}

/** Creates the tickets of a server. @param secret The secret that all isolates share. Without it there are no tickets. */
export function createTickets(
  { clock, random, store, secret }: Pick<Runtime, "clock" | "random"> & {
    readonly store: Pick<Store, "set" | "take">;
    readonly secret: string | undefined;
  },
): Tickets {
  // A derived key: a ticket is never valid as a user's token.
  const key = secret === undefined ? undefined : deriveKey("tickets", secret);

  return {
    async issue({ sub, topics, endsAt }) {
      if (key === undefined) throw new TypeError("Cannot issue a ticket: there is no secret");
      const now = clock.now();
      const expiresAt = Math.min(now + TICKET_MS, endsAt ?? Infinity);
      const claims = { n: randomId(random), sub, topics, ends_at: endsAt, exp: expiresAt / 1000 };
      const ticket = await signJwt(claims, key);
      if (ticket.length > MAX_TICKET_CHARACTERS) {
        throw new Problem(
          400,
          "ticket_too_long",
          "A ticket with these topics is too long. Name fewer topics.",
        );
      }
      await store.set(storeKey(ticket), "1", expiresAt - now);
      return { ticket, expiresAt };
    },

    async read(ticket) {
      if (key === undefined) return null;
      const { data } = TicketClaims.safeParse(await verifyJwt(ticket, key, clock.now()));
      return data ? { sub: data.sub, topics: data.topics, endsAt: data.ends_at } : null;
    },

    async consume(ticket) {
      return await store.take(storeKey(ticket)) !== null;
    },
  };
}
