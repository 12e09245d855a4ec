// @ts-check
/// <reference lib="dom" />
/**
 * The browser client: topics over one connection that reconnects.
 *
 * @module
 */
import { createConnection } from "./client/connection.js";
import { browserRuntime } from "./client/runtime.js";
import { createSharedConnection } from "./client/shared_connection.js";
import { serverUrl } from "./client/url.js";

// Published under this name, for callers that replace an effect.
export { browserRuntime as browserWorld } from "./client/runtime.js";

/** @import { ConnectOptions, LiveConnection } from "./client/types.js" */

/**
 * Follows topics until it is closed: `connect({ url, topics: ["quotes"] }).subscribe(({ type, data }) => …)`
 *
 * @param {ConnectOptions} options
 * @returns {LiveConnection}
 * @throws {TypeError} If the URL is invalid.
 */
export function connect(options, runtime = browserRuntime()) {
  const { share = true, ticket: _, url, cursor, ...rest } = options;
  if (share === false) return createConnection(options, runtime);
  // Tabs at different paths may name different servers by the same relative URL.
  const key = JSON.stringify({ share, ...rest, url: serverUrl(url, runtime.baseUrl) });
  /** Opens a connection. @param {Partial<ConnectOptions>} overrides */
  const open = (overrides) => createConnection({ ...options, ...overrides }, runtime);
  return createSharedConnection(key, open, runtime, cursor);
}
