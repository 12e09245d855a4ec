/**
 * One fault from its beginning until everything is as it should be.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { until } from "../support/within.ts";
import type { Client } from "./client.ts";
import { createScene, type Fault, type Scene } from "./scene.ts";
import { difference } from "./shown_market.ts";

/** How many events are acknowledged while a fault bites, at least. */
const EVENTS = 2000;

/** How long clients may take for what is still on its way to them, in milliseconds: the longest waits of a subscriber. */
const SETTLE_MS = 45_000;

/** Something is not as it should be, and whose history tells most of it. */
export class Loss extends Error {
  override readonly name = "Loss";
  readonly client: Client | undefined;

  constructor(message: string, client?: Client) {
    super(message);
    this.client = client;
  }
}

function count(ids: readonly (readonly string[])[]): number {
  return ids.reduce((all, each) => all + each.length, 0);
}

/**
 * Waits until nothing is amiss with any client.
 *
 * @param amiss Says what is: "" where nothing is.
 */
async function all(
  clients: readonly Client[],
  what: string,
  amiss: (client: Client) => string,
  refresh: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const behind = () => clients.filter((client) => amiss(client) !== "");
  try {
    await until(what, async () => {
      await refresh();
      return behind().length === 0 || undefined;
    }, { deadlineMs: SETTLE_MS });
  } catch (error) {
    const late = behind();
    const names = late.map((client) => `${client.name}: ${amiss(client)}`);
    const message = error instanceof Error ? error.message : String(error);
    throw new Loss([message, ...names].join("\n  "), late[0]);
  }
}

/** Waits until every client has a place: what is published from then on is owed to it. */
export async function allPlaced(clients: readonly Client[]): Promise<void> {
  await all(clients, "a place", ({ cursor }) => cursor === "" ? "has none" : "");
}

/** Every client has every event once, and shows the quotes that are true; both isolates take streams. */
async function settle({ fleet, publisher, clients }: Scene): Promise<void> {
  const { acknowledged, total } = publisher;
  await all(clients, `all ${total} events`, ({ seen }) => {
    const missing = total - count(seen);
    return missing > 0 ? `${missing} are missing` : "";
  });
  for (const client of clients) {
    client.seen.forEach((ids, lane) => {
      const expected = acknowledged[lane] ?? [];
      const wrong = ids.findIndex((id, i) => id !== expected[i]);
      if (wrong < 0 && ids.length === expected.length) return;
      const message = `${client.name} was given ${ids[wrong]} as number ${
        wrong + 1
      } of lane ${lane}`;
      throw new Loss(`${message}, which is ${expected[wrong]}`, client);
    });
  }

  let log = await fleet.market();
  const amiss = ({ market }: Client) => difference(market, log);
  await all(clients, "the market as the log holds it", amiss, async () => {
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
 * Lets a fault bite.
 *
 * @returns A line that tells how it went.
 * @throws {Error} Where it did not bite, or a promise was not kept.
 */
export async function runRound(fault: Fault, parts: Omit<Scene, "acknowledged">): Promise<string> {
  const { publisher, clients } = parts;
  const scene = createScene(parts);
  const visits = () => clients.reduce((sum, { counts: { connections } }) => sum + connections, 0);
  const before = { total: publisher.total, ...publisher.counts, visits: visits() };
  const from = performance.now();
  for (const client of clients) client.rest(false);
  const bite = fault.bite(scene);
  const { perSecond } = fault;
  const [figures] = await Promise.all([
    bite,
    publisher.publish({ atLeast: EVENTS, perSecond, during: bite }),
  ]);
  const bitten = performance.now();
  for (const client of clients) client.rest(true);
  await settle(scene);
  const settled = performance.now();

  const events = publisher.total - before.total;
  assert(events >= EVENTS, `Only ${events} events were acknowledged`);
  assertEquals(new Set(clients.map(({ seen }) => count(seen))), new Set([publisher.total]));
  return [
    fault.name.padEnd(20),
    `${events} events in ${((bitten - from) / 1000).toFixed(1)} s`,
    `settled in ${((settled - bitten) / 1000).toFixed(1)} s`,
    `${visits() - before.visits} connections`,
    `${publisher.counts.refused - before.refused} refused`,
    `${publisher.counts.lost - before.lost} unanswered`,
    figuresOf(figures),
  ].join(" · ");
}
