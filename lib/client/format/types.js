// @ts-check
/**
 * Types of the data from which texts are made. The server passes its own types to the same functions, so that the type
 * check finds differences.
 *
 * @module
 */

/**
 * A quote, as the server sends it.
 *
 * @typedef {object} QuoteData
 * @property {string} symbol
 * @property {string} name
 * @property {string} class
 * @property {string} price A decimal.
 * @property {string | null} change
 * @property {number | null} change_pct
 * @property {string} basis
 * @property {string} currency
 * @property {string} unit
 * @property {number} decimals Of the price.
 * @property {string} session
 * @property {string | null} prev_close
 * @property {string | null} open
 * @property {string | null} high
 * @property {string | null} low
 * @property {string | null} volume
 * @property {string | null} bid
 * @property {string | null} ask
 * @property {string | null} next_open
 * @property {string | null} as_of The time of the price at its market.
 * @property {string} received_at
 * @property {boolean} is_delayed
 * @property {number | null} delay_s
 * @property {boolean} is_stale
 * @property {string} source
 * @property {string} attribution
 * @property {boolean} simulated
 */

/**
 * The status of a quote provider.
 *
 * @typedef {object} StatusData
 * @property {string} provider
 * @property {readonly string[]} symbols
 * @property {string} state
 * @property {string} since
 * @property {string | null} reason
 * @property {string | null} next_try_at
 */

/**
 * An article, as the server sends it.
 *
 * @typedef {object} ArticleData
 * @property {string} id
 * @property {string} title
 * @property {string} summary
 * @property {string} url
 * @property {string | null} image
 * @property {readonly { readonly name: string }[]} sources
 * @property {string | null} published_at
 * @property {string} first_seen_at
 * @property {string | null} updated_at
 * @property {readonly string[]} symbols
 * @property {boolean} simulated
 */

/**
 * The status of a news feed.
 *
 * @typedef {object} FeedData
 * @property {string} source
 * @property {string} name
 * @property {string} state
 * @property {string | null} moved_to
 * @property {string | null} reason
 * @property {string | null} next_poll_at
 * @property {number} items
 * @property {number} skipped
 * @property {number} undated
 * @property {string | null} last_article_at
 */

/**
 * The state of an operation, as the server sends it.
 *
 * @typedef {object} OperationData
 * @property {string} id
 * @property {string} state
 * @property {number | null} progress From 0 to 1.
 * @property {string | null} message
 * @property {number | null} eta_s
 */

// Without an export, TypeScript treats the file as a script and every type as any.
export {};
