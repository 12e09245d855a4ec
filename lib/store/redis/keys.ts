/**
 * What is kept under which name.
 *
 * @module
 */

/** The names of all keys and of the channel. */
export interface RedisKeys {
  /** The stream of all publications, in their order. */
  readonly bus: string;
  /** The place at which the log began. */
  readonly epoch: string;
  /** The channel on which publications are announced. Its name goes into a path, split by commas. */
  readonly channel: string;
  /** A log topic's events: a stream. */
  log(topic: string): string;
  /** A log topic's events that come after others that were taken back, each with the id before it now: a hash. */
  prevOverrides(topic: string): string;
  /** A state topic's newest events: a hash by key. */
  state(topic: string): string;
  /** A publication's answer, by what makes it one. */
  publication(key: string): string;
  lease(name: string): string;
  value(key: string): string;
  /** The keys of values that are found together: a set. */
  openIndex(name: string): string;
}

/** Names everything below a prefix. */
export function createRedisKeys(prefix: string): RedisKeys {
  return {
    bus: `${prefix}:bus`,
    epoch: `${prefix}:birth`,
    channel: `${prefix}:bus`,
    log: (topic) => `${prefix}:log:${topic}`,
    prevOverrides: (topic) => `${prefix}:handed:${topic}`,
    state: (topic) => `${prefix}:state:${topic}`,
    publication: (key) => `${prefix}:once:${key}`,
    lease: (name) => `${prefix}:lease:${name}`,
    value: (key) => `${prefix}:value:${key}`,
    openIndex: (name) => `${prefix}:roll:${name}`,
  };
}
