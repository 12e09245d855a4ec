// @ts-check
/**
 * What the page reads of the wire: types only. The server hands its own shapes to the same words, so a difference does
 * not pass the type check.
 *
 * @module
 */

/**
 * What the page reads of a quote.
 *
 * @typedef {object} Quote
 * @property {string} symbol
 * @property {string} name
 * @property {string} class
 * @property {string} price
 * @property {string | null} change
 * @property {number | null} change_pct
 * @property {string} basis
 * @property {string} currency
 * @property {string} unit
 * @property {number} decimals
 * @property {string} session
 * @property {string | null} as_of
 * @property {string} received_at
 * @property {boolean} is_delayed
 * @property {number | null} delay_s
 * @property {boolean} is_stale
 * @property {string} source
 * @property {string} attribution
 * @property {boolean} simulated
 */

/**
 * What the page reads of a provider's status.
 *
 * @typedef {object} Status
 * @property {string} provider
 * @property {readonly string[]} symbols
 * @property {string} state
 * @property {string} since
 * @property {string | null} reason
 * @property {string | null} next_try_at
 */

/**
 * What the page reads of an article.
 *
 * @typedef {object} Article
 * @property {string} id
 * @property {string} title
 * @property {string} summary
 * @property {string} url
 * @property {readonly { readonly name: string }[]} sources
 * @property {string | null} published_at
 * @property {string} first_seen_at
 * @property {string | null} updated_at
 * @property {boolean} simulated
 */

/**
 * What the page reads of a feed's status.
 *
 * @typedef {object} Feed
 * @property {string} name
 * @property {string} state
 * @property {string | null} moved_to
 * @property {string | null} reason
 * @property {string | null} next_poll_at
 */

/**
 * What the page reads of an operation.
 *
 * @typedef {object} Operation
 * @property {string} id
 * @property {string} state
 * @property {number | null} progress
 * @property {string | null} message
 * @property {number | null} eta_s
 */

/**
 * All that is shown, as the wire told it.
 *
 * @typedef {object} Market
 * @property {readonly Quote[]} quotes
 * @property {readonly Status[]} status
 */

export {};
