// @ts-check
/**
 * What the page reads of the wire: types only. The server hands its own shapes to the same words, so a difference does
 * not pass the type check.
 *
 * @module
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

/** @import { Quote, Status } from "../format/types.js" */

/**
 * All that is shown, as the wire told it.
 *
 * @typedef {object} Market
 * @property {readonly Quote[]} quotes
 * @property {readonly Status[]} status
 */

export {};
