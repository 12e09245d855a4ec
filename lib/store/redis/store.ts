/**
 * Small values of many isolates, in Redis.
 *
 * @module
 */
import { z } from "zod";
import type { RedisClient } from "./client.ts";
import type { RedisKeys } from "./keys.ts";
import type { Store } from "../store.ts";

/** Values come with a letter before them, since Redis has none that is nothing. */
const CAS_SCRIPT = `
local function textOf(value) return value and '=' .. value or '' end
local held = call('GET', KEYS[1])
if textOf(held) ~= ARGV[1] then return textOf(held) end
if ARGV[2] == '' then
  if held then call('DEL', KEYS[1]) end
elseif ARGV[3] == '0' then
  call('SET', KEYS[1], ARGV[2]:sub(2))
else
  call('SET', KEYS[1], ARGV[2]:sub(2), 'PX', ARGV[3])
end
return ARGV[2]
`;

const CAS_REPLY = z.string();

/** How many values are read by one command: of the largest there are, less than an answer takes, which is 10 MB. */
const MAX_VALUES_PER_READ = 100;

/** A value as scripts are told it: nothing is an empty text. */
export function encodeValue(value: string | null): string {
  return value === null ? "" : `=${value}`;
}

/** What a script tells of a value. */
export function decodeValue(text: string): string | null {
  return text === "" ? null : text.slice(1);
}

/** Creates a store in Redis. */
export function createRedisStore(client: RedisClient, keys: RedisKeys): Store {
  return {
    get: (key) => client.command((redis) => redis.get<string>(keys.value(key))),
    async set(key, value, ttlMs) {
      await client.command((redis) =>
        redis.set(keys.value(key), value, ttlMs === undefined ? {} : { px: ttlMs })
      );
    },
    take: (key) => client.command((redis) => redis.getdel<string>(keys.value(key))),
    async all(name) {
      const openIndex = keys.openIndex(name);
      const members = await client.command((redis) => redis.smembers(openIndex));
      const found: string[] = [];
      for (let i = 0; i < members.length; i += MAX_VALUES_PER_READ) {
        const some = members.slice(i, i + MAX_VALUES_PER_READ);
        const values = await client.command((redis) =>
          redis.mget<(string | null)[]>(some.map(keys.value))
        );
        found.push(...values.filter((value) => value !== null));
        const gone = some.filter((_, n) => values[n] === null);
        if (gone.length > 0) await client.command((redis) => redis.srem(openIndex, ...gone));
      }
      return found;
    },
    async cas(key, expected, next, ttlMs = 0) {
      const answer = await client.script(CAS_SCRIPT, [keys.value(key)], [
        encodeValue(expected),
        encodeValue(next),
        ttlMs,
      ]);
      return decodeValue(CAS_REPLY.parse(answer));
    },
  };
}
