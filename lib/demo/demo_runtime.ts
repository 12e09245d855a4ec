/**
 * A runtime whose upstreams are simulated, so that every adapter runs without a network.
 *
 * @module
 */
import type { Runtime } from "../core/runtime.ts";
import { createSimulatedAlpaca } from "./alpaca.ts";
import type { DemoPace } from "./calendar.ts";
import { createSimulatedCoinbase } from "./coinbase.ts";
import { simulatedCoinbaseStream } from "./coinbase_stream.ts";
import { createSimulatedCoinGecko } from "./coingecko.ts";
import { createSimulatedFeeds } from "./feeds.ts";
import { createSimulatedFinnhub } from "./finnhub.ts";
import { createSimulatedFrankfurter } from "./frankfurter.ts";
import { createSimulatedFred } from "./fred.ts";
import { createSimulatedGoldApi } from "./gold_api.ts";
import { createSimulatedKraken } from "./kraken.ts";
import { simulatedKrakenStream } from "./kraken_stream.ts";
import { LastPrices } from "./last_prices.ts";
import type { DemoInstrument } from "./market.ts";
import { createSimulatedModel, SIMULATED_MODEL } from "./model.ts";
import { latencyOf, respondWithFault, servedTime } from "./responses.ts";
import { CALM, createScript } from "./script.ts";
import { SimulatedSocket } from "./simulated_socket.ts";
import type { SimulatedStream } from "./simulated_stream.ts";
import { latencyAt, type SimulatedUpstream } from "./simulated_upstream.ts";
import { createSimulatedSwissquote } from "./swissquote.ts";
import { createSimulatedTwelveData } from "./twelve_data.ts";
import { createSimulatedYahoo } from "./yahoo.ts";

/** THE LIST of simulated upstreams. */
function createSimulatedUpstreams(
  instruments: readonly DemoInstrument[],
  pace: DemoPace,
): readonly SimulatedUpstream[] {
  return [
    createSimulatedCoinbase(instruments),
    createSimulatedKraken(instruments),
    createSimulatedCoinGecko(instruments),
    createSimulatedGoldApi(instruments),
    createSimulatedSwissquote(instruments),
    createSimulatedFinnhub(instruments),
    createSimulatedAlpaca(instruments),
    createSimulatedTwelveData(instruments),
    createSimulatedYahoo(instruments, pace),
    createSimulatedFrankfurter(instruments),
    createSimulatedFred(instruments),
  ];
}

/** THE LIST of simulated streams. */
const SIMULATED_STREAMS: readonly SimulatedStream[] = [
  simulatedCoinbaseStream,
  simulatedKrakenStream,
];

/** The address of every simulated host. It is public so that the SSRF guard accepts it. It is never called. */
const SIMULATED_ADDRESS = "192.0.32.8";

/** The options of the demo. */
export interface DemoOptions {
  /** The number of market days in a real day: 1 by default. */
  readonly speed?: number;
  /** True if upstreams fail as the fault script says. False by default. */
  readonly hasFaults?: boolean;
}

/** A call of a simulated host. */
interface SimulatedCall {
  readonly latencyMs: number;
  respond(): Response;
}

/**
 * Creates a runtime whose `fetch`, `connect` and `resolve` reach the simulated upstreams and nothing else. For any other
 * host they fail with a `TypeError`. Responses depend on wall time alone: the current time, and the start of the demo.
 *
 * @param instruments The instruments that the server quotes. Every upstream has those for which they name a ticker.
 */
export function createDemoRuntime(
  runtime: Runtime,
  instruments: readonly DemoInstrument[],
  { speed = 1, hasFaults = false }: DemoOptions = {},
): Runtime {
  const { clock, random } = runtime;
  const startedAt = clock.now();
  const upstreams = createSimulatedUpstreams(instruments, { startedAt, speed });
  const feeds = createSimulatedFeeds(startedAt);
  const prices = new LastPrices(instruments, upstreams);
  const model = createSimulatedModel(clock, prices);
  const script = hasFaults ? createScript(startedAt) : CALM;

  function isSimulated(host: string): boolean {
    return host === SIMULATED_MODEL.host ||
      [...feeds, ...upstreams].some((simulated) => simulated.host === host);
  }

  /** Starts a call of a simulated host: it takes `latencyMs`, after which `respond` returns the response. */
  function startCall(url: URL, init: RequestInit): SimulatedCall {
    const host = url.hostname;
    if (host === SIMULATED_MODEL.host) {
      const call = model.start(url, init, script(host, clock.now())?.fault);
      return { latencyMs: call.latencyMs, respond: () => call.respond(clock.now()) };
    }
    const feed = feeds.find((candidate) => candidate.host === host);
    if (feed !== undefined) {
      return {
        latencyMs: latencyAt(feed.latencyMs, random()),
        respond: () => feed.respond(url, new Headers(init.headers), clock.now()),
      };
    }
    const upstream = upstreams.find((candidate) => candidate.host === host);
    if (upstream === undefined) throw new TypeError(`Cannot reach ${host}: it is not simulated`);
    // The fault is decided when the call arrives, as at real upstreams.
    const act = script(host, clock.now());
    return {
      latencyMs: latencyOf(upstream, act, random()),
      respond() {
        const now = clock.now();
        const servedAt = servedTime(act, now);
        if (servedAt !== null) prices.record(url, servedAt);
        return respondWithFault(upstream, act, url, now);
      },
    };
  }

  /** Returns the body of an upstream's response at a wall time in ms, and records its prices. */
  function readAt(url: URL, at: number): unknown {
    prices.record(url, at);
    return upstreams.find(({ host }) => host === url.hostname)?.respond(url, at).body;
  }

  /** Resolves after `ms`. It rejects with the signal's reason if the call is aborted first. */
  function pause(ms: number, signal: AbortSignal | null | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancelTimer = clock.after(ms, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      function abort() {
        cancelTimer();
        reject(signal?.reason);
      }
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  return {
    ...runtime,
    async fetch(url, init) {
      init.signal?.throwIfAborted();
      const { latencyMs, respond } = startCall(url, init);
      await pause(latencyMs, init.signal);
      return respond();
    },
    connect({ hostname }) {
      const stream = SIMULATED_STREAMS.find(({ host }) => host === hostname);
      if (stream === undefined) {
        throw new TypeError(`Cannot reach ${hostname}: it is not simulated`);
      }
      return new SimulatedSocket({ clock, script, read: readAt }, stream);
    },
    resolve(host) {
      return isSimulated(host)
        ? Promise.resolve([SIMULATED_ADDRESS])
        : Promise.reject(new TypeError(`Cannot resolve ${host}: it is not simulated`));
    },
  };
}
