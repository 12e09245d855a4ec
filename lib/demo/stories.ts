/**
 * The stories of the demo's news, as a function of time.
 *
 * @module
 */
import { fraction } from "./noise.ts";

/** The interval between two stories, in ms. */
export const STORY_INTERVAL_MS = 9000;

/** The number of stories at the start of the demo. */
const INITIAL_STORIES = 12;

/** Every fifth story is corrected, every fourth is repeated, and every eleventh is malformed. */
const CORRECTED_EVERY = 5;
const REPEATED_EVERY = 4;
const MALFORMED_EVERY = 11;

/** The seeds of the random choices, so that they do not depend on each other. */
const SEEDS = { percent: 2, subject: 3, verb: 4, reason: 5 };

/** The delay of a correction. */
const CORRECTION_DELAY_MS = 20_000;

/** The delay of a repetition by another outlet. */
const REPETITION_DELAY_MS = 12_000;

/** The outlets, which publish stories in turns. */
export const OUTLETS = ["wire", "desk", "herald"] as const;

/** A publisher of stories. */
export type Outlet = typeof OUTLETS[number];

const SUBJECTS = [
  "Gold",
  "Silver",
  "Brent crude",
  "Bitcoin",
  "Ether",
  "The S&P 500",
  "The Nasdaq",
  "A central bank",
  "A large refinery",
  "The biggest exchange",
  "A maker of chips & cables",
];
const VERBS = ["rises", "slips", "holds steady", "rallies", "gives up early gains", "edges higher"];
const REASONS = [
  "as traders await data on jobs",
  "after a surprise in inventories",
  "while yields <i>ease</i>",
  "as the dollar weakens",
  "ahead of a policy meeting",
  "on talk of a new supply deal",
  "after earnings beat forecasts",
  "as volumes thin out before the weekend",
];

/** A version of a story that one outlet publishes. */
export interface Story {
  /** May contain HTML, as real titles do. */
  readonly title: string;
  readonly summary: string;
  readonly link: string;
  readonly guid: string;
  /** Wall time in ms. */
  readonly publishedAt: number;
  /** True if the outlet publishes it with an invalid date and link. */
  readonly isMalformed: boolean;
}

/** Returns an entry of a list. An index beyond the end starts again at the beginning. */
function entryAt<T>(list: readonly T[], index: number): T {
  const entry = list[index % list.length];
  if (entry === undefined) throw new RangeError("Cannot choose from an empty list");
  return entry;
}

/** Picks an entry of a list. The choice depends on the seed and the story's number alone. */
function pick(list: readonly string[], seed: number, storyNumber: number): string {
  return entryAt(list, Math.floor(fraction(seed, 1, storyNumber) * list.length));
}

function outletOf(storyNumber: number): Outlet {
  return entryAt(OUTLETS, storyNumber);
}

/** A second outlet that publishes a story. */
interface Repetition {
  readonly outlet: Outlet;
  /** True if it links to the first outlet's page. */
  readonly hasSameLink: boolean;
}

function repetitionOf(storyNumber: number): Repetition | null {
  return storyNumber % REPEATED_EVERY === 3
    ? { outlet: outletOf(storyNumber + 1), hasSameLink: storyNumber % (2 * REPEATED_EVERY) === 3 }
    : null;
}

function linkOf(outlet: Outlet, storyNumber: number): string {
  return `https://${outlet}.example/stories/${storyNumber}`;
}

function guidOf(outlet: Outlet, storyNumber: number): string {
  return `${outlet}-${storyNumber}`;
}

/** Creates a story as its first outlet publishes it. */
function createStory(storyNumber: number, publishedAt: number, now: number): Story {
  const outlet = outletOf(storyNumber);
  const percent = (fraction(SEEDS.percent, 1, storyNumber) * 4).toFixed(1);
  const isCorrected = storyNumber % CORRECTED_EVERY === 2 &&
    now >= publishedAt + CORRECTION_DELAY_MS;
  const [subject, verb, reason] = [
    pick(SUBJECTS, SEEDS.subject, storyNumber),
    pick(VERBS, SEEDS.verb, storyNumber),
    pick(REASONS, SEEDS.reason, storyNumber),
  ];
  // The number makes titles unique, since deduplication compares them.
  const title = `${subject} ${verb} ${reason}, story ${storyNumber}`;
  return {
    title: isCorrected ? `${title} (corrected)` : title,
    summary: `<p>A story of the <b>demo</b>: it is simulated. The move was ${
      isCorrected ? (Number(percent) / 2).toFixed(1) : percent
    } %.</p>`,
    link: linkOf(outlet, storyNumber),
    guid: guidOf(outlet, storyNumber),
    publishedAt,
    isMalformed: storyNumber % MALFORMED_EVERY === 6,
  };
}

/** A feed at a time. Times are wall times in ms. */
export interface FeedView {
  readonly outlet: Outlet;
  /** The start of the demo. */
  readonly startedAt: number;
  readonly now: number;
  readonly maxStories: number;
}

/** Returns the stories of an outlet's feed, newest first. */
export function storiesAt({ outlet, startedAt, now, maxStories }: FeedView): Story[] {
  const newest = INITIAL_STORIES + Math.floor((now - startedAt) / STORY_INTERVAL_MS);
  const stories: Story[] = [];
  for (let number = newest; number >= 0 && stories.length < maxStories; number--) {
    const publishedAt = startedAt + (number - INITIAL_STORIES) * STORY_INTERVAL_MS;
    const story = createStory(number, publishedAt, now);
    const repetition = repetitionOf(number);
    if (outletOf(number) === outlet) {
      stories.push(story);
    } else if (repetition?.outlet === outlet && now >= publishedAt + REPETITION_DELAY_MS) {
      const link = repetition.hasSameLink
        ? `${story.link}?utm_source=${outlet}`
        : linkOf(outlet, number);
      stories.push({ ...story, link, guid: guidOf(outlet, number) });
    }
  }
  return stories;
}
