/**
 * The stories of the demo's news, as a function of time.
 *
 * @module
 */
import { noise } from "./walk.ts";

/** The interval between two stories. */
export const STORY_INTERVAL_MS = 9000;

/** The number of stories at the start of the demo. */
const INITIAL_STORIES = 12;

/** The delay of a correction, and of a repetition by another teller. */
const CORRECTED_AFTER_MS = 20_000;
const RETOLD_AFTER_MS = 12_000;

/** The tellers of stories, in turns. */
export const TELLERS = ["wire", "desk", "herald"] as const;

/** A teller of stories. */
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

/** One story, as one teller publishes it at a time. */
export interface Story {
  readonly n: number;
  /** May contain HTML, as real titles do. */
  readonly title: string;
  readonly summary: string;
  readonly link: string;
  readonly guid: string;
  /** The time of publication, in ms since the epoch. */
  readonly at: number;
  /** True if its date and its link are invalid. */
  readonly isMalformed: boolean;
}

/** Picks an entry of a list. The choice depends on the numbers alone. */
function pick(list: readonly string[], seed: number, n: number): string {
  return list[Math.floor((noise(seed, 1, n) + 1) / 2 * list.length)] ?? "";
}

function tellerOf(n: number): Teller {
  return TELLERS[n % TELLERS.length] ?? "wire";
}

/** Returns the second teller of a story, and whether it repeats the first one's link; null without one. */
function retelling(n: number): { readonly teller: Teller; readonly isLinked: boolean } | null {
  return n % 4 === 3 ? { teller: tellerOf(n + 1), isLinked: n % 8 === 3 } : null;
}

function storyOf(n: number, at: number, now: number): Story {
  const teller = tellerOf(n);
  const percent = ((noise(2, 1, n) + 1) * 2).toFixed(1);
  const isCorrected = n % 5 === 2 && now >= at + CORRECTED_AFTER_MS;
  // The number keeps titles apart: deduplication compares them.
  const title = `${pick(SUBJECTS, 3, n)} ${pick(VERBS, 4, n)} ${pick(REASONS, 5, n)}, story ${n}`;
  return {
    n,
    title: isCorrected ? `${title} (corrected)` : title,
    summary: `<p>A story of the <b>demo</b>: it is simulated. The move was ${
      isCorrected ? (Number(percent) / 2).toFixed(1) : percent
    } %.</p>`,
    link: `https://${teller}.example/stories/${n}`,
    guid: `${teller}-${n}`,
    at,
    isMalformed: n % 11 === 6,
  };
}

/**
 * Returns the stories of a teller's feed, newest first.
 *
 * @param startedAt The start of the demo. It and `now` are in ms since the epoch.
 * @param limit The most stories of the feed.
 */
export function storiesAt(teller: Teller, startedAt: number, now: number, limit: number): Story[] {
  const newest = INITIAL_STORIES + Math.floor((now - startedAt) / STORY_INTERVAL_MS);
  const shown: Story[] = [];
  for (let n = newest; n >= 0 && shown.length < limit; n--) {
    const at = startedAt + (n - INITIAL_STORIES) * STORY_INTERVAL_MS;
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
