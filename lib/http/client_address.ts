/**
 * The address of a client, as the platform or a trusted proxy names it.
 *
 * @module
 */
import type { Context } from "hono";
import type { AppEnv } from "./app_env.ts";

/** Returns the /64 network of an IPv6 address, which one subscriber owns. Returns the IPv4 address of a mapped one. */
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
 * Returns the key under which limits count a client: its IPv4 address, or the /64 network of its IPv6 address.
 *
 * @param clientIpHeader The header in which a trusted proxy names the address. Only the last entry counts, because the
 * client may have written those before it. A port is dropped.
 */
export function clientKey(c: Context<AppEnv>, clientIpHeader: string | undefined): string {
  const forwarded = clientIpHeader && c.req.header(clientIpHeader)?.split(",").at(-1)?.trim();
  const address = forwarded || c.env?.remoteAddr?.hostname || "unknown";
  const bare = /^\[(.+)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1];
  const host = bare ?? address;
  return host.includes(":") ? networkOf(host) : host;
}
