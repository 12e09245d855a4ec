/**
 * The leases of many isolates, in Redis. They expire by the time of Redis.
 *
 * @module
 */
import { type Lease, LEASE_MS } from "../lease.ts";
import type { RedisContext } from "./client.ts";

/** Releases a lease if the caller holds it, and announces the release. */
const RELEASE_SCRIPT = `
local holder, channel, nameJson = unpack(ARGV)
if call('GET', KEYS[1]) ~= holder then return 0 end
call('DEL', KEYS[1])
call('PUBLISH', channel, '{"free":' .. nameJson .. '}')
return 1
`;

/** Creates the view that this isolate has of a lease. */
export function createRedisLease(
  { client, keys, released, isolate: holder }: RedisContext,
  name: string,
): Lease {
  const key = keys.lease(name);

  /** Reads and renews in one command. A call after a loss therefore renews the lease of another holder. */
  async function renew(): Promise<boolean> {
    const currentHolder = await client.command((redis) =>
      redis.getex<string>(key, { px: LEASE_MS })
    );
    return currentHolder === holder;
  }

  return {
    ttlMs: LEASE_MS,
    fence: { lease: name, holder },
    async claim() {
      const currentHolder = await client.command((redis) =>
        redis.set<string>(key, holder, { nx: true, get: true, px: LEASE_MS })
      );
      if (currentHolder === null) return { isHeld: true };
      // It is held by this holder already, for example after a lost reply.
      if (currentHolder === holder && await renew()) return { isHeld: true };
      const leftMs = await client.command((redis) => redis.pttl(key));
      return { isHeld: false, leftMs: Math.max(0, leftMs) };
    },
    renew,
    async seize() {
      await client.command((redis) => redis.set(key, holder, { px: LEASE_MS }));
    },
    async release() {
      await client.script(RELEASE_SCRIPT, [key], [holder, keys.channel, JSON.stringify(name)]);
    },
    onFree: (listener) =>
      released.add((lease) => {
        if (lease === name) listener();
      }),
  };
}
