/**
 * The comparison of titles.
 *
 * @module
 */

/** A title with fewer words or characters may belong to several stories: "Market update", "Employment Situation". */
const MIN_DISTINCTIVE_WORDS = 5;
const MIN_DISTINCTIVE_CHARACTERS = 28;

/** The share of the words of the shorter title that a similar one has too. */
const MIN_SIMILAR_SHARE = 0.5;

/** Words that say nothing about a story. */
const COMMON_WORDS: ReadonlySet<string> = new Set(
  ("a an and are as at be by for from has have in is it its new not of on or over says that the this to was were will with " +
    "der die das und in im den von zu mit auf ist le la les des du de et en un une el los las del y que")
    .split(" "),
);

/** Removes the differences between spellings of one title: case, accents, punctuation, blanks. */
export function normalizeTitle(title: string): string {
  return title.normalize("NFKD").toLowerCase().replace(/\p{M}/gu, "")
    .replace(/[^\p{L}\p{N}%$€£+]+/gu, " ").trim();
}

/** Tests if a title is long enough to tell one story. @param normalized A {@linkcode normalizeTitle}. */
export function isDistinctive(normalized: string): boolean {
  return normalized.length >= MIN_DISTINCTIVE_CHARACTERS &&
    normalized.split(" ").length >= MIN_DISTINCTIVE_WORDS;
}

/** Returns the words of a title that say something about its story. Numbers with a decimal point are one word. */
function significantWords(title: string): ReadonlySet<string> {
  const text = title.normalize("NFKD").toLowerCase().replace(/\p{M}/gu, "");
  const segmenter = new Intl.Segmenter("und", { granularity: "word" }); // also for scripts without blanks
  const words = [...segmenter.segment(text)].filter(({ isWordLike }) => isWordLike)
    .map(({ segment }) => segment);
  const significant = words.filter((word) => !COMMON_WORDS.has(word));
  return new Set(significant.length > 0 ? significant : words);
}

/** Tests if two titles have a word in common that says something about their story. */
export function shareWord(title: string, otherTitle: string): boolean {
  return !significantWords(title).isDisjointFrom(significantWords(otherTitle));
}

/**
 * Tests if a title is another wording of one story: half of the words of the shorter one are in the other, and no number
 * contradicts another. "Excel 16.2 released" is not "Excel 16.3 released".
 */
export function areSimilar(title: string, otherTitle: string): boolean {
  const words = significantWords(title);
  const otherWords = significantWords(otherTitle);
  const smallerSize = Math.min(words.size, otherWords.size);
  if (words.intersection(otherWords).size < MIN_SIMILAR_SHARE * smallerSize) return false;
  const numbersOf = (all: ReadonlySet<string>) =>
    new Set([...all].filter((word) => /\p{N}/u.test(word)));
  const [numbers, otherNumbers] = [numbersOf(words), numbersOf(otherWords)];
  return numbers.isSubsetOf(otherNumbers) || otherNumbers.isSubsetOf(numbers);
}
