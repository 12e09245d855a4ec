/**
 * A stream opener over a real hub and a real budget, and requests to it.
 *
 * @module
 */
import { assert } from "@std/assert";
import { Hono } from "hono";
import { noMetrics } from "../../lib/core/metrics.ts";
import type { Topic } from "../../lib/core/topic.ts";
import { type Budget, createBudget } from "../../lib/guard/budget.ts";
import { createRateLimit } from "../../lib/guard/rate_limit.ts";
import type { AppEnv, Connection } from "../../lib/http/app_env.ts";
import type { Principal } from "../../lib/http/auth.ts";
import { problemResponse, toProblem } from "../../lib/http/problem_response.ts";
import { type StreamOpener, streamResponse } from "../../lib/http/stream_response.ts";
import type { Subscription } from "../../lib/hub/subscribe.ts";
import type { EventLog } from "../../lib/store/event_log.ts";
import { alerts, createHubUnderTest, type HubUnderTest } from "../hub/support.ts";

/** A request for a stream. */
export interface OpenRequest {
  readonly method?: "GET" | "HEAD";
  readonly accept?: string;
  readonly connection?: Connection;
  readonly topic?: Topic;
}

/** A stream opener, and the services behind it. */
export interface OpenerUnderTest extends HubUnderTest {
  readonly budget: Budget;
  /** The subscriptions that the hub received. */
  readonly subscriptions: readonly Subscription[];
  readonly open: (request?: OpenRequest) => Promise<Response>;
}

/** The differences from a stream opener without limits. */
export interface OpenerOptions {
  readonly perIsolate?: number;
  readonly perClient?: number;
  readonly opensPerMinute?: number;
  readonly random?: () => number;
  readonly isDraining?: () => boolean;
  readonly wrap?: (log: EventLog) => EventLog;
  /** The principal of every request, anonymous by default. */
  readonly principal?: Principal;
  readonly consume?: (ticket: string) => Promise<boolean>;
}

/** Creates a stream opener. */
export function createOpenerUnderTest(options: OpenerOptions = {}): OpenerUnderTest {
  const { perIsolate = 9, perClient = 9, opensPerMinute = 0, wrap } = options;
  const hubUnderTest = createHubUnderTest({}, wrap);
  const budget = createBudget({ perIsolate, perClient });
  const subscriptions: Subscription[] = [];
  const streamOpener: StreamOpener = {
    hub: {
      subscribe(subscription) {
        subscriptions.push(subscription);
        return hubUnderTest.hub.subscribe(subscription);
      },
    },
    authenticator: {
      authenticateStream: () => Promise.resolve(options.principal ?? { kind: "anonymous" }),
    },
    tickets: { consume: options.consume ?? (() => Promise.resolve(true)) },
    budget,
    opens: createRateLimit(hubUnderTest.clock, opensPerMinute),
    random: options.random ?? (() => 0.5),
    metrics: noMetrics,
    clientIpHeader: undefined,
    isDraining: options.isDraining ?? (() => false),
  };
  return {
    ...hubUnderTest,
    budget,
    subscriptions,
    async open({ method = "GET", accept = "text/event-stream", connection, topic = alerts } = {}) {
      const app = new Hono<AppEnv>().get("/", (c) =>
        streamResponse(c, streamOpener, {
          filters: [{ topic, tags: null }],
          pollUrl: "/poll",
          cursor: undefined,
          withSnapshot: false,
          maxRate: undefined,
        }));
      app.onError((thrown) => problemResponse(toProblem(thrown)));
      return await app.request("/", { method, headers: { accept } }, connection);
    },
  };
}

/** Creates a connection from an address. @param completed Settles when the system releases its socket. */
export function connectFrom(hostname: string, completed?: Promise<void>): Connection {
  return { remoteAddr: { hostname }, ...completed ? { completed } : {} };
}

/** Disconnects a client. */
export async function disconnect({ body }: Response): Promise<void> {
  assert(body !== null);
  await body.cancel();
}
