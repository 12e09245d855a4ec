/**
 * The fault script of the demo: a play of two minutes that repeats.
 *
 * @module
 */
import { fraction } from "./noise.ts";

/**
 * | fault     | the upstream                                               |
 * | --------- | ---------------------------------------------------------- |
 * | `slow`    | responds after every deadline, as a stream not at all      |
 * | `stale`   | repeats its last response, with the same market time       |
 * | `limit`   | refuses: 429, with `Retry-After` to the end of the scene   |
 * | `outage`  | refuses: 503                                               |
 * | `html`    | responds with 200 and an HTML page                         |
 * | `garbage` | responds with 200 and truncated JSON                       |
 * | `cut`     | ends its stream in the middle, and opens none              |
 */
export type Fault = "slow" | "stale" | "limit" | "outage" | "html" | "garbage" | "cut";

/** One fault of the play, in seconds from the beginning of a round. */
export interface Scene {
  readonly host: string;
  readonly fault: Fault;
  readonly startS: number;
  readonly endS: number;
}

/** The length of the play, in seconds. */
export const ROUND_S = 120;

/** The largest delay of a scene, in seconds. Each round has other delays. */
export const MAX_DELAY_S = 3;

const COINBASE = "api.exchange.coinbase.com";
const KRAKEN = "api.kraken.com";
const GOLD = "api.gold-api.com";
const YAHOO = "query1.finance.yahoo.com";
const MODEL = "model.example";
const COINBASE_STREAM = "ws-feed.exchange.coinbase.com";
const KRAKEN_STREAM = "ws.kraken.com";

/**
 * THE PLAY. Polls are 5 seconds apart, so two missed polls make a price stale, and three failures in a row open a circuit
 * breaker for 10 seconds. Scenes do not overlap, so most upstreams respond at any time.
 */
export const SCENES: readonly Scene[] = [
  { host: COINBASE, fault: "slow", startS: 5, endS: 29 }, // Kraken takes over
  { host: KRAKEN, fault: "html", startS: 32, endS: 38 }, // the provider that took over fails too
  { host: GOLD, fault: "stale", startS: 41, endS: 58 }, // metals go stale, though every response is a 200
  { host: YAHOO, fault: "outage", startS: 61, endS: 79 }, // oil and indices go stale, then down
  { host: GOLD, fault: "limit", startS: 82, endS: 97 }, // metals wait until the cool-down is over
  { host: COINBASE, fault: "garbage", startS: 100, endS: 106 }, // one bad response opens no breaker
  { host: MODEL, fault: "slow", startS: 109, endS: 111 }, // the first byte of an answer comes late
  { host: MODEL, fault: "cut", startS: 114, endS: 117 }, // an answer ends in the middle
];

/**
 * The scenes of streams. They join those of the same provider, or polls would not show. The others show nothing but that
 * polls replace a stream.
 */
export const STREAM_SCENES: readonly Scene[] = [
  { host: COINBASE_STREAM, fault: "cut", startS: 5, endS: 29 },
  { host: KRAKEN_STREAM, fault: "cut", startS: 32, endS: 38 },
  { host: COINBASE_STREAM, fault: "slow", startS: 62, endS: 70 },
  { host: COINBASE_STREAM, fault: "stale", startS: 84, endS: 90 },
  { host: COINBASE_STREAM, fault: "garbage", startS: 100, endS: 106 },
];

/** A scene in progress. Times are wall times in ms, and `endsAt` is exclusive. */
export interface Act {
  readonly fault: Fault;
  readonly startsAt: number;
  readonly endsAt: number;
}

/** Returns the act of a host at a wall time in ms: null without a fault. */
export type FaultScript = (host: string, ms: number) => Act | null;

/** A script without faults. */
export const CALM: FaultScript = () => null;

/**
 * Creates the fault script of a demo.
 *
 * @param startedAt The start of the demo: wall time in ms.
 * @param seed The seed of the delays.
 */
export function createScript(startedAt: number, seed = 1): FaultScript {
  return (host, ms) => {
    const round = Math.floor((ms - startedAt) / (ROUND_S * 1000));
    const roundStartedAt = startedAt + round * ROUND_S * 1000;
    for (const [index, scene] of [...SCENES, ...STREAM_SCENES].entries()) {
      if (scene.host !== host) continue;
      const delayS = fraction(seed, index, round) * MAX_DELAY_S;
      const timeOf = (sceneS: number) => roundStartedAt + Math.round((sceneS + delayS) * 1000);
      const [startsAt, endsAt] = [timeOf(scene.startS), timeOf(scene.endS)];
      if (ms >= startsAt && ms < endsAt) return { fault: scene.fault, startsAt, endsAt };
    }
    return null;
  };
}
