/**
 * Random ids.
 *
 * @module
 */

/** Each character carries five bits. */
const ALPHABET_SIZE = 32;

/** The default length: 100 bits, too many to guess. */
const DEFAULT_CHARACTERS = 20;

/**
 * Creates a random id of digits and lower-case letters.
 *
 * @param random Returns a number in [0, 1). The id is as hard to guess as its numbers are.
 * @param characters The length, at five bits a character.
 */
export function randomId(random: () => number, characters = DEFAULT_CHARACTERS): string {
  const character = () => Math.floor(random() * ALPHABET_SIZE).toString(ALPHABET_SIZE);
  return Array.from({ length: characters }, character).join("");
}
