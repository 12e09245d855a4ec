/**
 * Links: which ones are shown, and when two of them lead to the same article.
 *
 * @module
 */

/** The longest link we show, in characters. What is longer is no link for people. */
const MAX_LENGTH = 2048;

/** Parameters that say where a reader came from, by how their name begins. */
const TRACKING_PREFIX = /^(?:utm_|at_|ns_|mtm_|pk_|hsa_)/i;

/** The same, by name. */
const TRACKING_NAMES: ReadonlySet<string> = new Set([
  ...["fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid"],
  ...["igshid", "mc_cid", "mc_eid", "_ga", "_gl", "cmp", "cmpid", "ito", ".tsrc", "guccounter"],
  ...["guce_referrer", "guce_referrer_sig", "s_cid", "smid", "xtor"],
]);

/** The name of a parameter, as far as it can be read. */
function parameterName(parameter: string): string {
  const name = parameter.split("=", 1)[0] ?? "";
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a percent sign that escapes nothing
  }
}

function isTracking(name: string): boolean {
  return TRACKING_PREFIX.test(name) || TRACKING_NAMES.has(name.toLowerCase());
}

/**
 * A link as it is shown: http or https, without fragment, credentials and tracking parameters. The host is in lower
 * case and a default port is left out; what else the source wrote stays as it is, the order of its parameters too,
 * since servers may look at it.
 *
 * @param base What a relative link is relative to.
 * @returns Null where it is no such link. Nothing is ever thrown.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(linkOf("HTTPS://News.Example:443/a?id=1&utm_source=rss#top"), "https://news.example/a?id=1");
 * assertEquals(linkOf("javascript:alert(1)"), null);
 * ```
 */
export function canonicalUrl(text: string, base?: string): string | null {
  if (text.length > MAX_LENGTH) return null;
  const url = URL.parse(text.trim(), base);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  url.hash = "";
  url.username = "";
  url.password = "";
  const parameters = url.search.slice(1).split("&")
    .filter((each) => each !== "" && !isTracking(parameterName(each)));
  // With its question mark, since a parameter may begin with one, which would be taken for it.
  url.search = parameters.length === 0 ? "" : `?${parameters.join("&")}`;
  return url.href.length > MAX_LENGTH ? null : url.href;
}

/**
 * What is the same for links that lead to the same article: without the scheme, `www.`, a slash at the end, and the
 * order of parameters. It is compared, never called.
 *
 * @param link As `linkOf` returns it.
 */
export function comparableUrl(link: string): string {
  const [address = "", search = ""] = link.replace(/^https?:\/\/(?:www\.)?/, "").split(/\?(.*)/s);
  return `${address.replace(/\/$/, "")}?${search.split("&").sort().join("&")}`;
}
