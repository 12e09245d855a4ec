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
import { MAX_URL_CHARACTERS } from "./query_params.ts";

/** The lifetime of a ticket, in milliseconds: time enough to open a stream, too short to share it. */
const TICKET_TTL_MS = 30_000;

/** The longest ticket: half of a URL, which names the topics once more. */
const MAX_TICKET_CHARACTERS = MAX_URL_CHARACTERS / 2;

/** The rights of a ticket. */
export interface TicketRights {
  /** The user to whom the ticket was issued; undefined for a publisher's ticket. */
  readonly sub: string | undefined;
  /** The exact names of the topics. */
  readonly topics: readonly string[];
  /**
   * The expiry of the rights: that of the token for which the ticket was issued, in milliseconds since the Unix epoch.
   * Undefined if the token does not expire.
   */
  readonly expiresAt: number | undefined;
}

/** An issued ticket. */
export interface IssuedTicket {
  readonly ticket: string;
  /** The time after which the ticket opens no stream, in milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/** The body of the response to a request for a ticket. */
export const TicketResponse = z.object({ ticket: z.string(), expires_at: z.iso.datetime() });

/** Issues and consumes tickets. */
export interface Tickets {
  /**
   * Issues a ticket.
   *
   * @throws {Problem} 400 `ticket_too_long`: the topics do not fit.
   * @throws {StoreUnavailable} The store does not answer.
   * @throws {TypeError} There is no secret.
   */
  issue(rights: TicketRights): Promise<IssuedTicket>;
  /** Returns the rights of a ticket, consumed or not. Returns null if it is invalid or has expired. Reads no store. */
  read(ticket: string): Promise<TicketRights | null>;
  /**
   * Consumes a ticket.
   *
   * @returns False if it was consumed before, or has expired.
   * @throws {StoreUnavailable} The store does not answer.
   */
  consume(ticket: string): Promise<boolean>;
}

/** The claims of a ticket. `n` makes tickets with the same rights different; `ends_at` is the expiry of the rights. */
const TicketClaims = z.object({
  n: z.string(),
  sub: z.string().optional(),
  topics: z.array(z.string()),
  ends_at: z.number().optional(),
});

/** Returns the store's key of a ticket. It is a digest, so that a reader of the store cannot open streams. */
function storeKey(ticket: string): string {
  return `ticket:${sha256(ticket).slice(0, 32)}`;
}

/**
 * Creates the tickets of a server.
 *
 * @param options `secret` is shared by all isolates. Without it no ticket is valid.
 */
export function createTickets(
  { clock, random, store, secret }: Pick<Runtime, "clock" | "random"> & {
    readonly store: Pick<Store, "set" | "take">;
    readonly secret: string | undefined;
  },
): Tickets {
  // The key is derived, so that a ticket is never valid as a user's token.
  const key = secret === undefined ? undefined : deriveKey("tickets", secret);

  return {
    async issue({ sub, topics, expiresAt: rightsExpireAt }) {
      if (key === undefined) throw new TypeError("Cannot issue a ticket: there is no secret");
      const now = clock.now();
      const expiresAt = Math.min(now + TICKET_TTL_MS, rightsExpireAt ?? Infinity);
      const claims = {
        n: randomId(random),
        sub,
        topics,
        ends_at: rightsExpireAt,
        exp: expiresAt / 1000,
      };
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
      return data ? { sub: data.sub, topics: data.topics, expiresAt: data.ends_at } : null;
    },

    async consume(ticket) {
      return await store.take(storeKey(ticket)) !== null;
    },
  };
}
