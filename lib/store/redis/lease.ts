/**
 * Leases of many isolates, in Redis.
 *
 * @module
 */
import type { ClaimResult, Lease } from "../lease.ts";
import { LEASE_MS } from "../lease.ts";
import type { RedisClient } from "./client.ts";
import type { RedisKeys } from "./keys.ts";

/** Gives a lease back, if it is ours, and tells all who follow the log. */
const RELEASE_SCRIPT = `
if call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
call('DEL', KEYS[1])
call('PUBLISH', ARGV[2], '{"free":' .. ARGV[3] .. '}')
return 1
`;

/** What a lease stands on. */
export interface RedisLeaseContext {
  readonly client: RedisClient;
  readonly keys: RedisKeys;
  /** Tells when a lease was given back, by its name. @returns What ends that. */
  readonly onFree: (name: string, listener: () => void) => () => void;
}

/** The lease of a name, for one holder. */
export function createRedisLease(
  { client, keys, onFree }: RedisLeaseContext,
  name: string,
  holder: string,
): Lease {
  const key = keys.lease(name);

  /** One command, one step: who does not hold it learns that, and lengthens its holder's time once at worst. */
  async function renew(): Promise<boolean> {
    const found = await client.command((redis) => redis.getex<string>(key, { px: LEASE_MS }));
    return found === holder;
  }

  return {
    ttlMs: LEASE_MS,
    fence: { lease: name, holder },
    async claim(): Promise<ClaimResult> {
      const found = await client.command((redis) =>
        redis.set<string>(key, holder, { nx: true, get: true, px: LEASE_MS })
      );
      if (found === null) return { isHeld: true };
      // Ours already, as after a reply that was lost.
      if (found === holder && await renew()) return { isHeld: true };
      const leftMs = await client.command((redis) => redis.pttl(key));
      return { isHeld: false, leftMs: Math.max(0, leftMs) };
    },
    renew,
    async release() {
      await client.script(RELEASE_SCRIPT, [key], [holder, keys.channel, JSON.stringify(name)]);
    },
    onFree: (listener) => onFree(name, listener),
  };
}
