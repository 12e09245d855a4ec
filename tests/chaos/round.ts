/**
 * One fault, from its injection until the guarantees hold again.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { until } from "../support/within.ts";
import type { Client } from "./client.ts";
import { createScene, type Fault, type Scene } from "./scene.ts";
import { difference } from "./shown_market.ts";

/** The number of events that must be acknowledged while a fault lasts. */
const MIN_EVENTS = 2000;

/** The time in which pending events must arrive, in milliseconds: the longest waits of a subscriber. */
const SETTLE_MS = 45_000;

/** A broken guarantee, with the client whose history explains most. */
export class Loss extends Error {
  override readonly name = "Loss";
  readonly client: Client | undefined;

  constructor(message: string, client?: Client) {
    super(message);
    this.client = client;
  }
}

function count(ids: readonly (readonly string[])[]): number {
  return ids.reduce((sum, ofLane) => sum + ofLane.length, 0);
}

/**
 * Waits until no client has a fault.
 *
 * @param faultOf Describes a client's fault; "" if there is none.
 */
async function untilNone(
  clients: readonly Client[],
  what: string,
  faultOf: (client: Client) => string,
  refresh: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const faulty = () => clients.filter((client) => faultOf(client) !== "");
  try {
    await until(what, async () => {
      await refresh();
      return faulty().length === 0 || undefined;
    }, { deadlineMs: SETTLE_MS });
  } catch (error) {
    const failed = faulty();
    const names = failed.map((client) => `${client.name}: ${faultOf(client)}`);
    const message = error instanceof Error ? error.message : String(error);
    throw new Loss([message, ...names].join("\n  "), failed[0]);
  }
}

/** Waits until every client has a position: events that are published from then on are pending for it. */
export async function allPositioned(clients: readonly Client[]): Promise<void> {
  await untilNone(clients, "a position", ({ cursor }) => cursor === "" ? "has none" : "");
}

/** Waits until every client has every event once and the log's quotes, and both isolates accept streams. */
async function settle({ fleet, publisher, clients }: Scene): Promise<void> {
  const { acknowledged, total } = publisher;
  await untilNone(clients, `all ${total} events`, ({ seen }) => {
    const missing = total - count(seen);
    return missing > 0 ? `${missing} are missing` : "";
  });
  for (const client of clients) {
    client.seen.forEach((ids, lane) => {
      const expected = acknowledged[lane] ?? [];
      const wrong = ids.findIndex((id, i) => id !== expected[i]);
      if (wrong < 0 && ids.length === expected.length) return;
      const message = `${client.name} received ${ids[wrong]} as number ${
        wrong + 1
      } of lane ${lane}`;
      throw new Loss(`${message}, which is ${expected[wrong]}`, client);
    });
  }

  let log = await fleet.market();
  const faultOf = ({ market }: Client) => difference(market, log);
  await untilNone(clients, "the market as the log holds it", faultOf, async () => {
    log = await fleet.market();
  });

  for (const isolate of fleet.isolates) {
    const look = async () => await isolate.isReady() || undefined;
    await until(`${isolate.name} to be ready`, look);
  }
}

function figuresOf(figures: Readonly<Record<string, number>>): string {
  return Object.entries(figures)
    .map(([name, value]) => `${Number.isInteger(value) ? value : value.toFixed(1)} ${name}`)
    .join(", ");
}

/**
 * Injects a fault.
 *
 * @returns A line of figures.
 * @throws {Error} If the fault had no effect, or a guarantee was broken.
 */
export async function runRound(fault: Fault, parts: Omit<Scene, "acknowledged">): Promise<string> {
  const { publisher, clients } = parts;
  const scene = createScene(parts);
  const visits = () => clients.reduce((sum, { counts: { connections } }) => sum + connections, 0);
  const before = { total: publisher.total, ...publisher.counts, visits: visits() };
  const from = performance.now();
  for (const client of clients) client.rest(false);
  const injection = fault.inject(scene);
  const { perSecond } = fault;
  const [figures] = await Promise.all([
    injection,
    publisher.publish({ atLeast: MIN_EVENTS, perSecond, during: injection }),
  ]);
  const injected = performance.now();
  for (const client of clients) client.rest(true);
  await settle(scene);
  const settled = performance.now();

  const events = publisher.total - before.total;
  assert(events >= MIN_EVENTS, `Only ${events} events were acknowledged`);
  assertEquals(new Set(clients.map(({ seen }) => count(seen))), new Set([publisher.total]));
  return [
    fault.name.padEnd(20),
    `${events} events in ${((injected - from) / 1000).toFixed(1)} s`,
    `settled in ${((settled - injected) / 1000).toFixed(1)} s`,
    `${visits() - before.visits} connections`,
    `${publisher.counts.refused - before.refused} refused`,
    `${publisher.counts.lost - before.lost} unanswered`,
    figuresOf(figures),
  ].join(" · ");
}
