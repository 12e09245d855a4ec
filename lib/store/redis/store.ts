/**
 * The key-value store of many isolates, in Redis.
 *
 * @module
 */
import { z } from "zod";
import type { Store } from "../store.ts";
import { readReply, type RedisContext } from "./client.ts";

/** Compares and sets. Values have the form of {@linkcode encodeValue}. */
const CAS_SCRIPT = `
local expected, next, ttlMs = ARGV[1], ARGV[2], ARGV[3]
local stored = call('GET', KEYS[1])
local current = stored and '=' .. stored or ''
if current ~= expected then return current end
if next == '' then
  if stored then call('DEL', KEYS[1]) end
elseif ttlMs == '0' then
  call('SET', KEYS[1], next:sub(2))
else
  call('SET', KEYS[1], next:sub(2), 'PX', ttlMs)
end
return next
`;

const CAS_REPLY = z.string();

/** Maximum number of values in one read. A response of at most 10 MB has room for this number of values of 100 KB. */
const MAX_VALUES_PER_READ = 100;

/** Encodes a value as an argument, because Redis has no null. */
function encodeValue(value: string | null): string {
  return value === null ? "" : `=${value}`;
}

function decodeValue(text: string): string | null {
  return text === "" ? null : text.slice(1);
}

/** Creates a store in Redis. */
export function createRedisStore({ client, keys }: RedisContext): Store {
  /** Reads at most {@linkcode MAX_VALUES_PER_READ} values. */
  const readValues = (names: readonly string[]) =>
    client.command((redis) => redis.mget<(string | null)[]>(names.map(keys.value)));

  return {
    get: (key) => client.command((redis) => redis.get<string>(keys.value(key))),
    async getMany(names) {
      const values: (string | null)[] = [];
      for (let i = 0; i < names.length; i += MAX_VALUES_PER_READ) {
        values.push(...await readValues(names.slice(i, i + MAX_VALUES_PER_READ)));
      }
      return values;
    },
    async set(key, value, ttlMs) {
      await client.command((redis) =>
        redis.set(keys.value(key), value, ttlMs === undefined ? {} : { px: ttlMs })
      );
    },
    take: (key) => client.command((redis) => redis.getdel<string>(keys.value(key))),
    async all(name) {
      const openIndex = keys.openIndex(name);
      const members = await client.command((redis) => redis.smembers(openIndex));
      const openValues: string[] = [];
      for (let i = 0; i < members.length; i += MAX_VALUES_PER_READ) {
        const chunk = members.slice(i, i + MAX_VALUES_PER_READ);
        const values = await readValues(chunk);
        openValues.push(...values.filter((value) => value !== null));
        const expired = chunk.filter((_, n) => values[n] === null);
        if (expired.length > 0) await client.command((redis) => redis.srem(openIndex, ...expired));
      }
      return openValues;
    },
    async cas(key, expected, next, ttlMs = 0) {
      const reply = await client.script(CAS_SCRIPT, [keys.value(key)], [
        encodeValue(expected),
        encodeValue(next),
        ttlMs,
      ]);
      return decodeValue(readReply(() => CAS_REPLY.parse(reply)));
    },
  };
}
