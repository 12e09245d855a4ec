/**
 * What goes wrong in the demo, and when: a play of two minutes that is given again and again.
 *
 * @module
 */
import { noise } from "./walk.ts";

/**
 * | fault     | the upstream                                               |
 * | --------- | ---------------------------------------------------------- |
 * | `slow`    | answers after everybody's patience                         |
 * | `stale`   | says the same again, with the same time                    |
 * | `limit`   | refuses: 429, with `Retry-After` to the end of the scene   |
 * | `outage`  | refuses: 503                                               |
 * | `html`    | answers 200 with a page for people                         |
 * | `garbage` | answers 200 with half of a JSON                            |
 */
export type Fault = "slow" | "stale" | "limit" | "outage" | "html" | "garbage";

/** One thing that goes wrong. */
export interface Scene {
  readonly host: string;
  readonly fault: Fault;
  /** Seconds from the beginning of the round. */
  readonly from: number;
  readonly to: number;
}

/** How long the play is, in seconds. */
export const ROUND_S = 120;

/** By how many seconds at most a scene comes later than written: another number in each round. */
export const JITTER_S = 3;

const COINBASE = "api.exchange.coinbase.com";
const KRAKEN = "api.kraken.com";
const GOLD = "api.gold-api.com";
const YAHOO = "query1.finance.yahoo.com";

/**
 * THE PLAY. A poll is every 5 seconds: two missed make a price stale, three failures in a row open a breaker for 10
 * seconds. Scenes do not overlap, so that most is well at any time.
 */
export const SCENES: readonly Scene[] = [
  { host: COINBASE, fault: "slow", from: 5, to: 29 }, // Kraken takes over
  { host: KRAKEN, fault: "html", from: 32, to: 38 }, // who stepped in is wrong for once
  { host: GOLD, fault: "stale", from: 41, to: 58 }, // metals go stale, though every answer is a 200
  { host: YAHOO, fault: "outage", from: 61, to: 79 }, // oil and indices go stale, then down
  { host: GOLD, fault: "limit", from: 82, to: 97 }, // metals wait until they may ask again
  { host: COINBASE, fault: "garbage", from: 100, to: 106 }, // one bad answer is no drama
];

/** A scene that is on, in milliseconds since the epoch. */
export interface Act {
  readonly fault: Fault;
  readonly from: number;
  readonly to: number;
}

/** What is wrong with a host at a time: null where nothing is. */
export type FaultScript = (host: string, ms: number) => Act | null;

/** Nothing ever goes wrong. */
export const CALM: FaultScript = () => null;

/**
 * Creates the script of a demo that begins at a time. It depends on that time alone.
 *
 * @param seed Another one has other delays.
 */
export function createScript(startedAt: number, seed = 1): FaultScript {
  return (host, ms) => {
    const round = Math.floor((ms - startedAt) / (ROUND_S * 1000));
    const began = startedAt + round * ROUND_S * 1000;
    for (const [n, scene] of SCENES.entries()) {
      if (scene.host !== host) continue;
      const late = (noise(seed, n, round) + 1) / 2 * JITTER_S;
      const [from, to] = [scene.from, scene.to].map((s) => began + Math.round((s + late) * 1000));
      if (from === undefined || to === undefined) continue;
      if (ms >= from && ms < to) return { fault: scene.fault, from, to };
    }
    return null;
  };
}
