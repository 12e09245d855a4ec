/**
 * Canonical URLs: the form that is shown, and the form by which links are compared.
 *
 * @module
 */

/** The longest link, in UTF-16 units. Browsers and servers refuse longer ones. */
export const MAX_LINK_CHARACTERS = 2048;

/** The prefixes of tracking parameters: they record the referrer. Other words do not begin with them. */
const TRACKING_PREFIX = /^(?:utm_|mtm_|hsa_)/i;

/**
 * The names of other tracking parameters, in lower case. A name that may identify an article, such as `ref` or `id`, is
 * not among them.
 */
const TRACKING_NAMES: ReadonlySet<string> = new Set([
  ...["fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid"],
  ...["igshid", "mc_cid", "mc_eid", "_ga", "_gl", "cmp", "cmpid", "ito", ".tsrc", "guccounter"],
  ...["guce_referrer", "guce_referrer_sig", "s_cid", "smid", "xtor", "echobox", "mkt_tok"],
  ...["_hsenc", "_hsmi", "mod", "ncid", "srnd", "sref", "taid", "reflink", "wt_mc", "wt_zmc"],
  ...["traffic_source", "feedtype", "oc", "at_medium", "at_campaign", "at_campaign_type"],
  ...["at_custom1", "at_custom2", "at_custom3", "at_custom4", "at_format", "at_link_id"],
  ...["at_link_origin", "at_link_type", "at_ptr_name", "at_bbc_team", "ns_mchannel", "ns_source"],
  ...["ns_campaign", "ns_linkname", "ns_fee", "pk_campaign", "pk_kwd", "pk_keyword", "pk_source"],
  ...["pk_medium", "pk_content", "pk_cid"],
]);

/** Decodes the name of a parameter. A name with a malformed escape stays encoded. */
function parameterName(parameter: string): string {
  const name = parameter.replace(/=.*/s, "");
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function isTrackingName(name: string): boolean {
  return TRACKING_PREFIX.test(name) || TRACKING_NAMES.has(name.toLowerCase());
}

/** Removes the tracking parameters of a query or of a fragment that is written like one. */
function withoutTracking(parameters: string): string {
  return parameters.split("&")
    .filter((parameter) => parameter !== "" && !isTrackingName(parameterName(parameter)))
    .join("&");
}

/**
 * Returns the canonical form of a link, which is shown: http or https, without credentials and tracking parameters, the
 * host in lower case, without a default port. The rest keeps the form that the source wrote, and so does
 * the order of parameters, because servers may depend on it. The fragment stays, because live blogs and pages of notices
 * name their entries by it.
 *
 * @param base The base of a relative link.
 * @returns Null if the link is not an http or https URL, or too long.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(canonicalUrl("HTTPS://News.Example:443/a?id=1&utm_source=rss#p2"), "https://news.example/a?id=1#p2");
 * assertEquals(canonicalUrl("javascript:alert(1)"), null);
 * ```
 */
export function canonicalUrl(link: string, base?: string): string | null {
  if (link.length > MAX_LINK_CHARACTERS) return null;
  const url = URL.parse(link.trim(), base);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  url.username = "";
  url.password = "";
  const query = withoutTracking(url.search.slice(1));
  // The setter strips one leading question mark, which may belong to the first parameter.
  url.search = query === "" ? "" : `?${query}`;
  const [fragment = ""] = url.hash.slice(1).split(":~:"); // a text fragment only scrolls the page
  url.hash = withoutTracking(fragment);
  return url.href.length > MAX_LINK_CHARACTERS ? null : url.href;
}

/**
 * Returns the form in which links to one article are equal: without scheme, `www.` and trailing slash, with sorted
 * parameters. It is compared, never fetched.
 *
 * @param link A {@linkcode canonicalUrl}.
 */
export function comparableUrl(link: string): string {
  const [address = "", ...fragment] = link.replace(/^https?:\/\/(?:www\.)?/, "").split("#");
  const queryAt = address.search(/\?|$/);
  const path = address.slice(0, queryAt).replace(/\/$/, "");
  const parameters = address.slice(queryAt + 1).split("&").toSorted();
  return [`${path}?${parameters.join("&")}`, ...fragment].join("#");
}
