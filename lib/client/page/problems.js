// @ts-check
/**
 * What the page says about providers, in words. No DOM, no clock.
 *
 * @module
 */
import { timeWords } from "../format/values.js";
import { NOBODY } from "../format/quote_text.js";

/** @import { Status } from "../format/types.js" */

/** What a provider does, in the order in which people need to know. */
const STATES = new Map([
  ["down", "has been down"],
  ["stale", "has sent nothing new"],
  ["live", "is live"],
  ["delayed", "has been delayed"],
  ["closed", "has been closed"],
]);

/**
 * What a provider does, and why.
 *
 * @param {Status} status
 * @param {number} now
 */
function stateWords({ provider, state, since, reason, symbols }, now) {
  const why = reason ? `: ${reason}` : "";
  if (provider === NOBODY) return [`No prices for ${symbols.join(", ")}${why}`];
  const does = state === "live"
    ? "is live"
    : `${STATES.get(state) ?? state} since ${timeWords(since, now)} UTC`;
  return [
    `${provider} ${does}${why}`,
    symbols.length > 0 ? `Symbols: ${symbols.join(", ")}` : "",
  ];
}

/** @param {Status} status */
function urgencyOf({ state }) {
  return [...STATES.keys()].indexOf(state);
}

/**
 * What is wrong, or good to know: a sentence or three for each provider that is not live, or that there is more to say
 * about. The worst comes first.
 *
 * @param {readonly Status[]} statuses
 * @param {number} now
 */
export function problemWords(statuses, now) {
  return statuses.filter(({ state, reason }) => state !== "live" || reason !== null)
    .sort((a, b) => urgencyOf(a) - urgencyOf(b))
    .map((status) => {
      const { state, next_try_at } = status;
      const [what = "", concerns = ""] = stateWords(status, now);
      const next = next_try_at ? `Next try at ${timeWords(next_try_at, now)} UTC` : "";
      const parts = [what, next, concerns].filter(Boolean);
      return { state, text: parts.map((each) => each.replace(/\.?$/, ".")).join(" ") };
    });
}
