// @ts-check
/// <reference lib="dom" />
/**
 * The browser client: live topics over one connection that stays.
 *
 * @module
 */
import { baseOf } from "./client/url.js";
import { createConnection } from "./client/connection.js";
import { createShared } from "./client/shared_connection.js";
import { browserWorld } from "./client/runtime.js";

export { browserWorld } from "./client/runtime.js";

/** @typedef {import("./client/types.js").StreamEvent} StreamEvent */
/** @typedef {import("./client/types.js").State} State */
/** @typedef {import("./client/types.js").Options} Options */
/** @typedef {import("./client/types.js").Feed} Feed */

/**
 * Follows topics until it is closed: `connect({ url, topics: ["quotes"] }).subscribe(({ type, data }) => …)`
 *
 * @param {Options} options
 * @returns {Feed}
 * @throws {TypeError} Where the URL is none.
 */
export function connect(options, world = browserWorld()) {
  const { share = true, ticket: _, url, cursor, ...same } = options;
  if (share === false) return createConnection(options, world);
  // Tabs of different places may name different servers by the same relative URL.
  const key = JSON.stringify({ share, ...same, url: baseOf(url, world.baseUrl) });
  /** @param {Partial<Options>} from */
  const open = (from) => createConnection({ ...options, ...from }, world);
  return createShared(key, open, world, cursor);
}
