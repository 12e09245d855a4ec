/**
 * The whole app on a manual clock, over the demo's simulated upstreams.
 *
 * @module
 */
import { assert } from "@std/assert";
import { readConfig } from "../../lib/core/config.ts";
import { createLogger } from "../../lib/core/logger.ts";
import type { FetchLike, Runtime } from "../../lib/core/runtime.ts";
import { createDemoRuntime } from "../../lib/demo/demo_runtime.ts";
import { SIMULATED_MODEL } from "../../lib/demo/model.ts";
import type { Connection } from "../../lib/http/app_env.ts";
import { createServices, type Services } from "../../lib/services.ts";
import { instrumentsFor } from "../../lib/topics/quotes/instruments.ts";
import { type App, createApp } from "../../routes/app.ts";
import { type Client, createClient } from "../hub/support.ts";
import { createManualClock, type ManualClock } from "../support/manual_clock.ts";
import { refuseConnection } from "../support/refuse_connection.ts";
import { AUTH_SECRET, signToken } from "../support/user_token.ts";

/** A publisher's token. */
export const TOKEN = "a-token-of-sixteen";

/** Settings of the demo, with a publisher, users and two channels. */
export const SETTINGS = {
  DEMO: "1",
  CHAT_UPSTREAM_URL: SIMULATED_MODEL.url,
  CHAT_MODEL: SIMULATED_MODEL.name,
  PUBLISH_TOKEN: TOKEN,
  AUTH_SECRET,
  CHANNELS: JSON.stringify({
    alerts: { types: ["price_alert", "note"] },
    secret: { types: ["note"], private: true },
  }),
};

/** A time longer than the latency of the simulated providers. */
const LATENCY_MS = 50;

/** Returns the means to send requests to an app, by path. */
export function requesterOf({ fetch }: App) {
  return {
    request: (path: string, init: RequestInit = {}, connection?: Connection): Promise<Response> =>
      fetch(new Request(new URL(path, "http://localhost"), init), connection),
  };
}

/** An app and its dependencies. */
export interface AppUnderTest extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly services: Services;
  readonly app: ReturnType<typeof requesterOf>;
  /** The URLs that the app has fetched. */
  readonly fetched: string[];
  /** The log lines of the app. */
  readonly lines: string[];
  /** Sends a request, and advances the clock by the latency of the simulated providers. */
  send(path: string, init?: RequestInit): Promise<Response>;
  /** Publishes with the publisher's token. */
  publish(channel: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Opens a stream and reads it until the caller hangs up. Fails if it is refused. */
  follow(path: string, headers?: Record<string, string>): Promise<Client>;
}

/**
 * Creates an app. The caller must dispose of it.
 *
 * @param fetch Replaces the simulated upstreams.
 * @param resolve Resolves other hosts.
 * @param random Replaces the constant random number.
 */
export function createAppUnderTest(
  env: Readonly<Record<string, string>> = {},
  fetch?: FetchLike,
  resolve?: Runtime["resolve"],
  random: Runtime["random"] = () => 0.5,
): AppUnderTest {
  const clock = createManualClock();
  const lines: string[] = [];
  const fetched: string[] = [];
  const config = readConfig({ ...SETTINGS, ...env });
  const demo = createDemoRuntime({
    clock,
    random,
    log: createLogger("debug", clock, (line) => lines.push(line)),
    fetch: () => Promise.reject(new Error("the test has no network")),
    resolve: () => Promise.reject(new Error("the test has no network")),
    connect: refuseConnection,
    readAsset: () => Promise.reject(new Deno.errors.NotFound("there is no such file")),
  }, [...instrumentsFor(config).values()]);
  const runtime: Runtime = {
    ...demo,
    resolve: resolve ?? demo.resolve,
    fetch(url, init) {
      fetched.push(url.href);
      return (fetch ?? demo.fetch)(url, init);
    },
  };
  const services = createServices(config, runtime, { version: "0.0.0" });
  const app = requesterOf(createApp(services));

  async function send(path: string, init: RequestInit = {}): Promise<Response> {
    const flight = app.request(path, init);
    await clock.advance(LATENCY_MS);
    return await flight;
  }

  return {
    clock,
    services,
    app,
    fetched,
    lines,
    send,
    async publish(channel, body, headers = {}) {
      return await app.request(`/v1/events/${channel}`, {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify(body),
        headers: {
          authorization: `Bearer ${TOKEN}`,
          "content-type": "application/json",
          ...headers,
        },
      });
    },
    async follow(path, headers = {}) {
      const { status, body } = await app.request(path, {
        headers: { accept: "text/event-stream", ...headers },
      });
      assert(status === 200 && body !== null, `${path} responds with ${status}`);
      const client = createClient(body).live();
      await clock.advance(LATENCY_MS);
      return client;
    },
    [Symbol.asyncDispose]: () => services.close(),
  };
}

/** Creates the header of a user's token that expires in the year 2286. */
export function userOf(sub: string, topics?: readonly string[]): { authorization: string } {
  return { authorization: `Bearer ${signToken({ sub, topics, exp: 9_999_999_999 })}` };
}

/** Reads the status and the code of a refusal. Fails if the response is not a problem. */
export async function refusalOf(response: Response): Promise<readonly [number, unknown]> {
  const type = response.headers.get("content-type");
  assert(type === "application/problem+json", `${response.status} ${type}`);
  return [response.status, (await response.json()).code];
}
