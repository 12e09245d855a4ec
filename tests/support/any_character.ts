/**
 * Arbitrary characters.
 *
 * @module
 */
import fc from "fast-check";

/**
 * Every character of Unicode, as a `unit` of fast-check's strings: the same as its own `"binary"`, without the seconds that
 * takes to build.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .oneof(
    fc.integer({ min: 0, max: 0x7f }),
    fc.integer({ min: 0, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
  )
  .map((code) => String.fromCodePoint(code));
