/**
 * The names of all keys and of the channel. They must not change, because databases contain them: some of their words
 * are older than the identifiers beside them.
 *
 * @module
 */

/** The names below one prefix. */
export interface RedisKeys {
  /** The stream of all publications, in their order. */
  readonly bus: string;
  /** The log's epoch. */
  readonly epoch: string;
  /**
   * The channel that announces publications. It has the name of the bus, because keys and channels have separate names. It
   * is part of a URL's path, where commas separate channels, so a prefix has none.
   */
  readonly channel: string;
  /** A stream: the events of a log topic. */
  log(topic: string): string;
  /** A hash by id: the `prevId` of each event of a log topic whose predecessor was retracted. */
  prevOverrides(topic: string): string;
  /** A hash by key: the newest events of a state topic. */
  state(topic: string): string;
  /** The result of a publication. */
  publication(key: string): string;
  lease(name: string): string;
  value(key: string): string;
  /** A set: the keys of an open index. */
  openIndex(name: string): string;
}

/** Creates the names below a prefix. */
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
