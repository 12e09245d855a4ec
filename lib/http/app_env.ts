/**
 * The environment of Hono apps: the connection of a request.
 *
 * @module
 */

/** The second argument of a `Deno.serve` handler. Tests without a server have none. */
export interface Connection {
  readonly remoteAddr?: { readonly hostname?: string };
  /** Settles once the response was sent or failed. The operating system has then released the socket. */
  readonly completed?: Promise<void>;
}

/** The environment of our Hono apps. */
export interface AppEnv {
  Bindings: Connection;
}
