/**
 * A runtime whose upstreams are simulated, so that every adapter runs without a network.
 *
 * @module
 */
import type { Runtime } from "../core/runtime.ts";
import { answerOf, latencyOf } from "./answers.ts";
import type { DemoPace } from "./calendar.ts";
import { simulatedCoinbase } from "./coinbase.ts";
import { simulatedCoinGecko } from "./coingecko.ts";
import { simulatedFred } from "./fred.ts";
import { simulatedGoldApi } from "./gold_api.ts";
import { simulatedKraken } from "./kraken.ts";
import { simulatedFeeds } from "./feeds.ts";
import { CALM, createScript } from "./script.ts";
import type { SimulatedUpstream } from "./simulated.ts";
import { simulatedTwelveData } from "./twelve_data.ts";
import { createSimulatedYahoo } from "./yahoo.ts";

/** THE LIST of simulated upstreams. */
function upstreamsAt(pace: DemoPace): readonly SimulatedUpstream[] {
  return [
    simulatedCoinbase,
    simulatedKraken,
    simulatedCoinGecko,
    simulatedGoldApi,
    simulatedTwelveData,
    createSimulatedYahoo(pace),
    simulatedFred,
  ];
}

/** The address of every simulated host. It is public, so the SSRF guard lets it pass, and it is never called. */
const SIMULATED_ADDRESS = "192.0.32.8";

/** The options of the demo. */
export interface DemoOptions {
  /** The number of market days in a real day. */
  readonly speed?: number;
  /** True lets upstreams fail now and then, by the script. */
  readonly hasFaults?: boolean;
}

/**
 * Creates a runtime whose `fetch` and `resolve` reach the simulated upstreams and nothing else. Answers depend on wall time
 * alone: the current time, and the start of the demo.
 */
export function createDemoRuntime(
  runtime: Runtime,
  { speed = 1, hasFaults = false }: DemoOptions = {},
): Runtime {
  const { clock, random } = runtime;
  const startedAt = clock.now();
  const upstreams = upstreamsAt({ startedAt, speed });
  const feeds = simulatedFeeds(startedAt);
  const script = hasFaults ? createScript(startedAt) : CALM;

  /** Finds the simulation of a host, and the latency of its next answer. */
  function find(host: string) {
    const feed = feeds.find((each) => each.host === host);
    if (feed) {
      const { latencyMs: { least, most } } = feed;
      const respond = (url: URL, init: RequestInit) =>
        feed.respond(url, new Headers(init.headers), clock.now());
      return { latencyMs: least + random() * (most - least), respond };
    }
    const upstream = upstreams.find((each) => each.host === host);
    if (upstream === undefined) throw new TypeError(`Cannot reach ${host}: it is not simulated`);
    // The fault is decided when the call arrives, as at real upstreams.
    const act = script(host, clock.now());
    const respond = (url: URL) => answerOf(upstream, act, url, clock.now());
    return { latencyMs: latencyOf(upstream, act, random()), respond };
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
    ...runtime,
    async fetch(url, init) {
      init.signal?.throwIfAborted();
      const { latencyMs, respond } = find(url.hostname);
      await pause(latencyMs, init.signal);
      return respond(url, init);
    },
    resolve: (host) =>
      new Promise((resolve) => {
        find(host);
        resolve([SIMULATED_ADDRESS]);
      }),
  };
}
