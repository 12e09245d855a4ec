/**
 * What is measured: a server as a process, ours or a peer's.
 *
 * @module
 */
import type { LoadOptions } from "../../support/load/protocol.ts";

/** How a server is published to. */
export type Publishing = Omit<LoadOptions["post"], "port">;

/** A server that runs. Whoever starts it must dispose of it. */
export interface Server extends AsyncDisposable {
  /** What it is, with its version. */
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** What streams follow, in turn. */
  readonly paths: readonly string[];
  readonly publishing: Publishing;
}

/** What a load process needs to know of a server. */
export function loadOf({ port, pid, paths, publishing }: Server): LoadOptions {
  return { port, pid, paths: [...paths], post: { port, ...publishing } };
}

/** Publishing where the body is the event's data. */
export function plainPublishing(headers: Publishing["headers"] = {}): Publishing {
  return { path: "/events", headers, around: ["", ""] };
}
