/**
 * The form of symbols, the names of instruments.
 *
 * @module
 */

/** The pattern of a symbol. */
export const SYMBOL_PATTERN = /^[A-Z0-9][A-Z0-9.-]{0,15}$/;
