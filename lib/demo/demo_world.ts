/**
 * A world whose upstreams are simulated, so that every adapter runs without a network.
 *
 * @module
 */
import type { World } from "../core/world.ts";
import { answerOf, latencyOf } from "./answers.ts";
import type { Pace } from "./calendar.ts";
import { coinbase } from "./coinbase.ts";
import { coingecko } from "./coingecko.ts";
import { fred } from "./fred.ts";
import { goldApi } from "./gold_api.ts";
import { kraken } from "./kraken.ts";
import { CALM, createScript } from "./script.ts";
import type { SimulatedUpstream } from "./simulated.ts";
import { twelveData } from "./twelve_data.ts";
import { createYahoo } from "./yahoo.ts";

/** THE LIST of simulated upstreams. */
function upstreamsAt(pace: Pace): readonly SimulatedUpstream[] {
  return [coinbase, kraken, coingecko, goldApi, twelveData, createYahoo(pace), fred];
}

/** What every simulated host stands for: public, so that nobody refuses to call it, though nobody ever does. */
const ADDRESS = "192.0.32.8";

/** What can be asked of the demo. */
export interface DemoOptions {
  /** How many days of the markets fit in one of ours. */
  readonly speed?: number;
  /** Whether upstreams fail now and then, by the script. */
  readonly hasFaults?: boolean;
}

/**
 * The same world, but for `fetch` and `resolve`: they know the simulated upstreams and nothing else.
 * Answers depend on the clock alone: its time now, and at the demo's beginning.
 */
export function createDemoWorld(
  world: World,
  { speed = 1, hasFaults = false }: DemoOptions = {},
): World {
  const { clock, random } = world;
  const startedAt = clock.now();
  const upstreams = upstreamsAt({ startedAt, speed });
  const script = hasFaults ? createScript(startedAt) : CALM;

  function find(host: string): SimulatedUpstream {
    const upstream = upstreams.find((each) => each.host === host);
    if (upstream === undefined) throw new TypeError(`Cannot reach ${host}: it is not simulated`);
    return upstream;
  }

  function pause(ms: number, signal: AbortSignal | null | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const callOff = clock.after(ms, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      function abort() {
        callOff();
        reject(signal?.reason);
      }
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  return {
    ...world,
    async fetch(url, { signal }) {
      signal?.throwIfAborted();
      const upstream = find(url.hostname);
      // What goes wrong is decided when the call comes in, as everywhere.
      const act = script(upstream.host, clock.now());
      await pause(latencyOf(upstream, act, random()), signal);
      return answerOf(upstream, act, url, clock.now());
    },
    resolve: (host) =>
      new Promise((resolve) => {
        find(host);
        resolve([ADDRESS]);
      }),
  };
}
