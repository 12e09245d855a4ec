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
export interface AppEnv {
  Bindings: Connection;
}

/** What an IPv6 address counts for: its first 64 bits, which one subscriber is given, or the IPv4 address it stands for. */
function networkOf(address: string): string {
  const host = URL.parse(`http://[${address}]`)?.hostname.slice(1, -1);
  if (!host) return address;
  const mapped = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(host)?.slice(1);
  if (mapped) {
    const groups = mapped.map((group) => parseInt(group, 16));
    return groups.flatMap((group) => [group >> 8, group & 255]).join(".");
  }
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
 * are the caller's own words. A port behind the address is left out.
 */
export function clientKey(c: Context<AppEnv>, header: string | undefined): string {
  const told = header && c.req.header(header)?.split(",").at(-1)?.trim();
  const address = told || c.env?.remoteAddr?.hostname || "unknown";
  const bare = /^\[(.+)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1];
  const host = bare ?? address;
  return host.includes(":") ? networkOf(host) : host;
}
