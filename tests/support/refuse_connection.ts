/**
 * The `connect` of a runtime without outbound sockets.
 *
 * @module
 */
import type { SocketLike } from "../../lib/core/runtime.ts";

/** Throws, because the test opens no outbound socket. */
export function refuseConnection(url: URL): SocketLike {
  throw new TypeError(`The test has no socket at ${url.host}`);
}
