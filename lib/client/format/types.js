// @ts-check
/**
 * What is read of the wire's quotes: types only. The server hands its own shapes to the same words, so a difference does
 * not pass the type check.
 *
 * @module
 */

/**
 * What is read of a quote.
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
 * What is read of a provider's status.
 *
 * @typedef {object} Status
 * @property {string} provider
 * @property {readonly string[]} symbols
 * @property {string} state
 * @property {string} since
 * @property {string | null} reason
 * @property {string | null} next_try_at
 */

export {};
