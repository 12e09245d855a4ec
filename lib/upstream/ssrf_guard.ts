/**
 * The SSRF guard: a feed's address, or the redirect it answers with, must not lead into our own network.
 *
 * @module
 */
import { BlockList, isIP } from "node:net";
import type { Runtime } from "../core/runtime.ts";
import { UpstreamFailure } from "./failure.ts";

/** THE LIST of networks that are not globally reachable, by IANA's Special-Purpose Address Registries. */
const SPECIAL_NETWORKS: readonly (readonly [address: string, prefix: number])[] = [
  ["0.0.0.0", 8], // this network
  ["10.0.0.0", 8], // private
  ["100.64.0.0", 10], // carriers
  ["127.0.0.0", 8], // loopback
  ["169.254.0.0", 16], // link-local, where clouds serve their credentials
  ["172.16.0.0", 12], // private
  ["192.0.0.0", 24], // protocol assignments
  ["192.0.2.0", 24], // documentation
  ["192.88.99.0", 24], // 6to4 relays
  ["192.168.0.0", 16], // private
  ["198.18.0.0", 15], // benchmarks
  ["198.51.100.0", 24], // documentation
  ["203.0.113.0", 24], // documentation
  ["224.0.0.0", 3], // multicast and reserved
  ["2001::", 23], // protocol assignments, Teredo among them
  ["2001:db8::", 32], // documentation
  ["2002::", 16], // 6to4
  ["3fff::", 20], // documentation
];

/** The one block of IPv6 global unicast. Mapped and translated IPv4 addresses lie outside it, so they are refused. */
const GLOBAL_UNICAST = ["2000::", 3] as const;

const LOCAL_NAME = /\.(?:local|internal|localhost)$/;

function familyOf(address: string): "ipv4" | "ipv6" {
  return address.includes(":") ? "ipv6" : "ipv4";
}

/** Creates a block list of networks. */
function blockListOf(networks: typeof SPECIAL_NETWORKS): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of networks) list.addSubnet(address, prefix, familyOf(address));
  return list;
}

/**
 * Returns true for an IPv4 or IPv6 address (without brackets) of the public internet. The lists take 0.1 ms to build, which
 * is nothing beside the request that follows.
 */
export function isPublicAddress(text: string): boolean {
  if (isIP(text) === 0 || text.includes("%")) return false; // a zone belongs to a link
  const family = familyOf(text);
  const isGlobal = family === "ipv4" || blockListOf([GLOBAL_UNICAST]).check(text, family);
  return isGlobal && !blockListOf(SPECIAL_NETWORKS).check(text, family);
}

/** Returns true unless the spelling of a host tells that it is not public. */
function looksPublic(host: string): boolean {
  return isIP(host) ? isPublicAddress(host) : host.includes(".") && !LOCAL_NAME.test(host);
}

/** Returns why a URL is blocked by its spelling, null if it is not. */
function objection(url: URL, host: string): string | null {
  if (url.protocol !== "https:") return "its address is not https";
  if (url.username || url.password) return "its address holds credentials";
  if (url.port) return `its address names port ${url.port}`;
  return looksPublic(host) ? null : `${host} is no public host`;
}

/** Returns why a host is blocked by the addresses it resolves to, null if all of them are public. */
async function addressObjection(host: string, resolve: Runtime["resolve"]) {
  if (isIP(host)) return null;
  const addresses = await resolve(host);
  if (addresses.length === 0) return `${host} has no address`;
  return addresses.every(isPublicAddress)
    ? null
    : `${host} stands for an address that is not public`;
}

/**
 * Checks that a URL may be fetched. A name that resolves to another address a moment later (DNS rebinding) passes: the
 * second wall is the runtime's `--deny-net`.
 *
 * @param title The upstream's name, for the message.
 * @throws {UpstreamFailure} `blocked`, with the reason.
 * @throws The error that `resolve` rejects with.
 */
export async function guardTarget(
  url: URL,
  resolve: Runtime["resolve"],
  title: string,
): Promise<void> {
  // URL has already turned 2130706433, 0x7f.1 and ①②⑦.0.0.1 into 127.0.0.1.
  const host = url.hostname.replace(/^\[|\]$|\.$/g, "");
  const reason = objection(url, host) ?? await addressObjection(host, resolve);
  if (reason !== null) {
    throw new UpstreamFailure("blocked", `${title} was not called: ${reason}`);
  }
}
