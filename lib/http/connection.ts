/**
 * What the platform tells of the connection a request came by.
 *
 * @module
 */
import type { Context } from "hono";

/** What `Deno.serve` hands to a handler beside the request. In tests without a server there is nothing. */
export interface Connection {
  readonly remoteAddr?: { readonly hostname?: string };
  /** Settles when the response was sent, or could not be: when the system has let go of it. */
  readonly completed?: Promise<void>;
}

/** The environment of our Hono apps. */
export interface Env {
  Bindings: Connection;
}

/** The first 64 bits of an IPv6 address: what one subscriber is given. */
function networkOf(address: string): string {
  const host = URL.parse(`http://[${address}]`)?.hostname.slice(1, -1);
  if (!host) return address;
  const [head = "", tail] = host.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail ? tail.split(":") : [];
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return `${[...left, ...Array(zeros).fill("0"), ...right].slice(0, 4).join(":")}::/64`;
}

/**
 * Whom a request counts for: the address, IPv6 by its /64 network.
 *
 * @param header The header of a proxy that is trusted to name the address. Its last entry counts: the ones before it
 * are the caller's own words.
 */
export function clientKey(c: Context<Env>, header: string | undefined): string {
  const told = header && c.req.header(header)?.split(",").at(-1)?.trim();
  const address = told || c.env?.remoteAddr?.hostname || "unknown";
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return mapped ?? (address.includes(":") ? networkOf(address) : address);
}
