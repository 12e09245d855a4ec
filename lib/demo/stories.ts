/**
 * What happens in the demo's news, as a function of time.
 *
 * @module
 */
import { noise } from "./walk.ts";

/** A story comes about every so many milliseconds. */
export const EVERY_MS = 9000;

/** How many stories were there when the demo began. */
const BEFORE = 12;

/** A story that is corrected is so after this time; one that others tell too is told by them after the other. */
const CORRECTED_AFTER_MS = 20_000;
const RETOLD_AFTER_MS = 12_000;

/** Who tells stories, in turns. */
export const TELLERS = ["wire", "desk", "herald"] as const;

/** Who tells a story. */
export type Teller = typeof TELLERS[number];

const SUBJECTS = [
  ...["Gold", "Silver", "Brent crude", "Bitcoin", "Ether", "The S&P 500", "The Nasdaq"],
  ...["A central bank", "A large refinery", "The biggest exchange", "A maker of chips & cables"],
];
const VERBS = ["rises", "slips", "holds steady", "rallies", "gives up early gains", "edges higher"];
const REASONS = [
  ...[
    "as traders await data on jobs",
    "after a surprise in inventories",
    "while yields <i>ease</i>",
  ],
  ...["as the dollar weakens", "ahead of a policy meeting", "on talk of a new supply deal"],
  ...["after earnings beat forecasts", "as volumes thin out before the weekend"],
];

/** One story, as one teller tells it at a time. */
export interface Story {
  readonly n: number;
  /** May hold HTML, as real ones do. */
  readonly title: string;
  readonly summary: string;
  readonly link: string;
  readonly guid: string;
  /** In ms since the epoch. */
  readonly at: number;
  /** True where its date and its link are none. */
  readonly isMalformed: boolean;
}

/** One of a list, by chance that depends on the numbers alone. */
function pick(list: readonly string[], seed: number, n: number): string {
  return list[Math.floor((noise(seed, 1, n) + 1) / 2 * list.length)] ?? "";
}

function tellerOf(n: number): Teller {
  return TELLERS[n % TELLERS.length] ?? "wire";
}

/** Who tells a story after another has told it, and whether with the link of the other; null where nobody does. */
function retelling(n: number): { readonly teller: Teller; readonly isLinked: boolean } | null {
  return n % 4 === 3 ? { teller: tellerOf(n + 1), isLinked: n % 8 === 3 } : null;
}

function storyOf(n: number, at: number, now: number): Story {
  const teller = tellerOf(n);
  const percent = ((noise(2, 1, n) + 1) * 2).toFixed(1);
  const isCorrected = n % 5 === 2 && now >= at + CORRECTED_AFTER_MS;
  // Its number tells it from another of the same words: those would be one story to whoever compares titles.
  const title = `${pick(SUBJECTS, 3, n)} ${pick(VERBS, 4, n)} ${pick(REASONS, 5, n)}, story ${n}`;
  return {
    n,
    title: isCorrected ? `${title} (corrected)` : title,
    summary: `<p>A story of the <b>demo</b>: nobody wrote it. The move was ${
      isCorrected ? (Number(percent) / 2).toFixed(1) : percent
    } %.</p>`,
    link: `https://${teller}.example/stories/${n}`,
    guid: `${teller}-${n}`,
    at,
    isMalformed: n % 11 === 6,
  };
}

/**
 * What a teller's feed shows, newest first.
 *
 * @param startedAt When the demo began. It and `now` are in ms since the epoch.
 * @param most How many stories the feed shows.
 */
export function storiesAt(teller: Teller, startedAt: number, now: number, most: number): Story[] {
  const newest = BEFORE + Math.floor((now - startedAt) / EVERY_MS);
  const shown: Story[] = [];
  for (let n = newest; n >= 0 && shown.length < most; n--) {
    const at = startedAt + (n - BEFORE) * EVERY_MS;
    const story = storyOf(n, at, now);
    const again = retelling(n);
    if (tellerOf(n) === teller) shown.push(story);
    else if (again?.teller === teller && now >= at + RETOLD_AFTER_MS) {
      const link = again.isLinked
        ? `${story.link}?utm_source=${teller}`
        : `https://${teller}.example/stories/${n}`;
      shown.push({ ...story, link, guid: `${teller}-${n}` });
    }
  }
  return shown;
}
