/**
 * Which URLs we call: a feed's address, or the redirect it answers with, must not lead us into our own network.
 *
 * @module
 */
import type { Runtime } from "../core/runtime.ts";
import { isAddress, isPublicAddress } from "./address.ts";
import { UpstreamFailure } from "./failure.ts";

const LOCAL_NAME = /\.(?:local|internal|localhost)$/;

/** Whether the host may stand for something public, as far as its spelling tells. */
function looksPublic(host: string): boolean {
  return isAddress(host) ? isPublicAddress(host) : host.includes(".") && !LOCAL_NAME.test(host);
}

/** Why a URL is not called, judged by its spelling: null where it may be. */
function objection(url: URL, host: string): string | null {
  if (url.protocol !== "https:") return "its address is not https";
  if (url.username || url.password) return "its address holds credentials";
  if (url.port) return `its address names port ${url.port}`;
  return looksPublic(host) ? null : `${host} is no public host`;
}

/** What a name stands for must be public too, all of it: null where it is. */
async function objectionToAddresses(host: string, resolve: Runtime["resolve"]) {
  if (isAddress(host)) return null;
  const addresses = await resolve(host);
  if (addresses.length === 0) return `${host} has no address`;
  return addresses.every(isPublicAddress)
    ? null
    : `${host} stands for an address that is not public`;
}

/**
 * Makes sure that a URL may be called. A name that stands for another address a moment later (rebinding) gets through:
 * the second wall is the runtime's `--deny-net`.
 *
 * @param title The upstream's name, for the message.
 * @throws {UpstreamFailure} `blocked` with the reason.
 * @throws Whatever `resolve` rejects with.
 */
export async function guardTarget(
  url: URL,
  resolve: Runtime["resolve"],
  title: string,
): Promise<void> {
  // URL has already turned 2130706433, 0x7f.1 and ①②⑦.0.0.1 into 127.0.0.1.
  const host = url.hostname.replace(/^\[|\]$|\.$/g, "");
  const reason = objection(url, host) ?? await objectionToAddresses(host, resolve);
  if (reason !== null) {
    throw new UpstreamFailure("blocked", `${title} was not called: ${reason}`);
  }
}
