/**
 * Random ids.
 *
 * @module
 */

/** The radix of ids: each character carries five bits. */
const RADIX = 32;

/** The default number of characters: 100 bits, too many to guess. */
const DEFAULT_CHARACTER_COUNT = 20;

/**
 * Creates a random id of digits and lower-case letters.
 *
 * @param random Returns a number in [0, 1). The id is as hard to guess as its numbers are.
 * @param characterCount The length of the id, at five bits per character.
 */
export function randomId(random: () => number, characterCount = DEFAULT_CHARACTER_COUNT): string {
  const character = () => Math.floor(random() * RADIX).toString(RADIX);
  return Array.from({ length: characterCount }, character).join("");
}
