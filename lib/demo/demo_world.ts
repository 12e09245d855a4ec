/**
 * A world whose upstreams are simulated, so that every adapter runs without a network.
 *
 * @module
 */
import type { World } from "../core/world.ts";
import { coinbase } from "./coinbase.ts";
import { coingecko } from "./coingecko.ts";
import { kraken } from "./kraken.ts";
import type { SimulatedUpstream } from "./simulated.ts";

/** THE LIST of simulated upstreams. */
const UPSTREAMS: readonly SimulatedUpstream[] = [coinbase, kraken, coingecko];

/** What every simulated host stands for: public, so that nobody refuses to call it, though nobody ever does. */
const ADDRESS = "192.0.32.8";

/** How long an answer takes, in milliseconds: short, so that the shortest interval of `DEMO`, 50, is still calm. */
const LATENCY_MS = { least: 4, most: 12 };

/**
 * The same world, but for `fetch` and `resolve`: they know the simulated upstreams and nothing else.
 * Answers depend on the clock's time alone.
 */
export function createDemoWorld(world: World): World {
  const { clock, random } = world;

  function find(host: string): SimulatedUpstream {
    const upstream = UPSTREAMS.find((each) => each.host === host);
    if (upstream === undefined) throw new TypeError(`Cannot reach ${host}: it is not simulated`);
    return upstream;
  }

  function latency(signal: AbortSignal | null | undefined): Promise<void> {
    const { least, most } = LATENCY_MS;
    return new Promise((resolve, reject) => {
      const callOff = clock.after(least + random() * (most - least), () => {
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
      await latency(signal);
      const { status, body } = upstream.answer(url, clock.now());
      return Response.json(body, { status });
    },
    resolve: (host) =>
      new Promise((resolve) => {
        find(host);
        resolve([ADDRESS]);
      }),
  };
}
