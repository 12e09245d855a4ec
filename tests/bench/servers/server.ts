/**
 * A server that is measured: a process of Edgetape or of a peer.
 *
 * @module
 */
import type { LoadOptions } from "../../support/load/protocol.ts";

/** A running server. The caller must dispose of it. */
export interface Server extends LoadOptions, AsyncDisposable {
  /** Its name and version. */
  readonly name: string;
}

/** Returns the request of a server that takes an event's data as the body. */
export function plainPublish(headers: Readonly<Record<string, string>> = {}): Server["publish"] {
  return { path: "/events", headers: { ...headers }, around: ["", ""] };
}
