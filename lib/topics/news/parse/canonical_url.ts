/**
 * Canonical URLs: the form that is shown, and the form by which links are compared.
 *
 * @module
 */

/** The longest URL, in characters. A longer one is no link for people. */
const MAX_URL_LENGTH = 2048;

/** The prefixes of tracking parameters: they say where a reader came from. */
const TRACKING_PREFIX = /^(?:utm_|at_|ns_|mtm_|pk_|hsa_)/i;

/** The names of other tracking parameters, in lower case. */
const TRACKING_NAMES: ReadonlySet<string> = new Set([
  ...["fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid"],
  ...["igshid", "mc_cid", "mc_eid", "_ga", "_gl", "cmp", "cmpid", "ito", ".tsrc", "guccounter"],
  ...["guce_referrer", "guce_referrer_sig", "s_cid", "smid", "xtor"],
]);

/** Decodes the name of a parameter. */
function parameterName(parameter: string): string {
  const name = parameter.split("=", 1)[0] ?? "";
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a percent sign without two digits
  }
}

function isTracking(name: string): boolean {
  return TRACKING_PREFIX.test(name) || TRACKING_NAMES.has(name.toLowerCase());
}

/**
 * Makes the canonical form of a link, which is shown: http or https, without fragment, credentials and tracking
 * parameters, the host in lower case, without a default port. The rest stays as the source wrote it, the order of
 * parameters too, because servers may depend on it.
 *
 * @param base The base of a relative link.
 * @returns Null if the text is no http or https URL.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(canonicalUrl("HTTPS://News.Example:443/a?id=1&utm_source=rss#top"), "https://news.example/a?id=1");
 * assertEquals(canonicalUrl("javascript:alert(1)"), null);
 * ```
 */
export function canonicalUrl(text: string, base?: string): string | null {
  if (text.length > MAX_URL_LENGTH) return null;
  const url = URL.parse(text.trim(), base);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  url.hash = "";
  url.username = "";
  url.password = "";
  const parameters = url.search.slice(1).split("&")
    .filter((each) => each !== "" && !isTracking(parameterName(each)));
  // With its question mark, because the setter would strip one that the first parameter begins with.
  url.search = parameters.length === 0 ? "" : `?${parameters.join("&")}`;
  return url.href.length > MAX_URL_LENGTH ? null : url.href;
}

/**
 * Makes the form in which links to one article are equal: without scheme, `www.` and trailing slash, with sorted
 * parameters. It is compared, never fetched.
 *
 * @param link A {@linkcode canonicalUrl}.
 */
export function comparableUrl(link: string): string {
  const [address = "", search = ""] = link.replace(/^https?:\/\/(?:www\.)?/, "").split(/\?(.*)/s);
  return `${address.replace(/\/$/, "")}?${search.split("&").sort().join("&")}`;
}
