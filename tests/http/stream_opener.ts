/**
 * The door out, over a real hub and a real budget, and requests that come to it.
 *
 * @module
 */
import { assert } from "@std/assert";
import { Hono } from "hono";
import { noMetrics } from "../../lib/core/metrics.ts";
import type { Topic } from "../../lib/core/topic.ts";
import { type Budget, createBudget } from "../../lib/guard/budget.ts";
import { createRateLimit } from "../../lib/guard/rate_limit.ts";
import type { Principal } from "../../lib/http/auth.ts";
import type { AppEnv, Connection } from "../../lib/http/client_address.ts";
import { problemOf, problemResponse } from "../../lib/http/problem_response.ts";
import { type StreamOpener, streamResponse } from "../../lib/http/stream_response.ts";
import type { Subscription } from "../../lib/hub/subscribe.ts";
import type { EventLog } from "../../lib/store/event_log.ts";
import { alerts, createHubUnderTest, type HubUnderTest } from "../hub/support.ts";

/** What is asked of the door. */
export interface Visit {
  readonly method?: "GET" | "HEAD";
  readonly accept?: string;
  readonly connection?: Connection;
  readonly topic?: Topic;
}

/** A door, and what is behind it. */
export interface DoorUnderTest extends HubUnderTest {
  readonly budget: Budget;
  /** What was asked of the hub. */
  readonly asked: readonly Subscription[];
  readonly visit: (visit?: Visit) => Promise<Response>;
}

/** How a door differs from one that is wide open. */
export interface DoorOptions {
  readonly perIsolate?: number;
  readonly perClient?: number;
  readonly opensPerMinute?: number;
  readonly random?: () => number;
  readonly isDraining?: () => boolean;
  readonly wrap?: (log: EventLog) => EventLog;
  /** Who asks: nobody, unless it is said. */
  readonly principal?: Principal;
  readonly consume?: (ticket: string) => Promise<boolean>;
}

/** Creates a door. */
export function createDoorUnderTest(options: DoorOptions = {}): DoorUnderTest {
  const { perIsolate = 9, perClient = 9, opensPerMinute = 0, wrap } = options;
  const under = createHubUnderTest({}, wrap);
  const budget = createBudget({ perIsolate, perClient });
  const asked: Subscription[] = [];
  const streamOpener: StreamOpener = {
    hub: {
      subscribe(subscription) {
        asked.push(subscription);
        return under.hub.subscribe(subscription);
      },
    },
    authenticator: {
      authenticateStream: () => Promise.resolve(options.principal ?? { kind: "anonymous" }),
    },
    tickets: { consume: options.consume ?? (() => Promise.resolve(true)) },
    budget,
    opens: createRateLimit(under.clock, opensPerMinute),
    random: options.random ?? (() => 0.5),
    metrics: noMetrics,
    clientIpHeader: undefined,
    isDraining: options.isDraining ?? (() => false),
  };
  return {
    ...under,
    budget,
    asked,
    async visit({ method = "GET", accept = "text/event-stream", connection, topic = alerts } = {}) {
      const app = new Hono<AppEnv>().get("/", (c) =>
        streamResponse(c, streamOpener, {
          filters: [{ topic, tags: null }],
          pollUrl: "/poll",
          cursor: undefined,
          withSnapshot: false,
          maxRate: undefined,
        }));
      app.onError((thrown) => problemResponse(problemOf(thrown)));
      return await app.request("/", { method, headers: { accept } }, connection);
    },
  };
}

/** A connection from an address, and what the system says of it. */
export function connectFrom(hostname: string, completed?: Promise<void>): Connection {
  return { remoteAddr: { hostname }, ...completed ? { completed } : {} };
}

/** Hangs up. */
export async function hangUp({ body }: Response): Promise<void> {
  assert(body !== null);
  await body.cancel();
}
