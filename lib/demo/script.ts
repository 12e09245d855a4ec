/**
 * The fault script of the demo: a play of two minutes that repeats.
 *
 * @module
 */
import { noise } from "./walk.ts";

/**
 * | fault     | the upstream                                               |
 * | --------- | ---------------------------------------------------------- |
 * | `slow`    | answers after every deadline                               |
 * | `stale`   | repeats its last answer, with the same time                |
 * | `limit`   | refuses: 429, with `Retry-After` to the end of the scene   |
 * | `outage`  | refuses: 503                                               |
 * | `html`    | answers 200 with an HTML page                              |
 * | `garbage` | answers 200 with truncated JSON                            |
 */
export type Fault = "slow" | "stale" | "limit" | "outage" | "html" | "garbage";

/** One fault of the script. */
export interface Scene {
  readonly host: string;
  readonly fault: Fault;
  /** Seconds from the beginning of the round. */
  readonly from: number;
  readonly to: number;
}

/** The length of the play, in seconds. */
export const ROUND_S = 120;

/** The largest delay of a scene, in seconds. Each round has other delays. */
export const JITTER_S = 3;

const COINBASE = "api.exchange.coinbase.com";
const KRAKEN = "api.kraken.com";
const GOLD = "api.gold-api.com";
const YAHOO = "query1.finance.yahoo.com";

/**
 * THE PLAY. Polls are 5 seconds apart: two missed polls make a price stale, three failures in a row open a breaker for 10
 * seconds. Scenes do not overlap, so most upstreams answer at any time.
 */
export const SCENES: readonly Scene[] = [
  { host: COINBASE, fault: "slow", from: 5, to: 29 }, // Kraken takes over
  { host: KRAKEN, fault: "html", from: 32, to: 38 }, // who stepped in is wrong for once
  { host: GOLD, fault: "stale", from: 41, to: 58 }, // metals go stale, though every answer is a 200
  { host: YAHOO, fault: "outage", from: 61, to: 79 }, // oil and indices go stale, then down
  { host: GOLD, fault: "limit", from: 82, to: 97 }, // metals wait until they may ask again
  { host: COINBASE, fault: "garbage", from: 100, to: 106 }, // one bad answer is no drama
];

/** A scene in progress. Times are in milliseconds since the epoch. */
export interface Act {
  readonly fault: Fault;
  readonly from: number;
  readonly to: number;
}

/** Returns the act of a host at a time, null without a fault. */
export type FaultScript = (host: string, ms: number) => Act | null;

/** A script without faults. */
export const CALM: FaultScript = () => null;

/**
 * Creates the fault script of a demo. It depends on the start of the demo alone.
 *
 * @param seed The seed of the delays.
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
