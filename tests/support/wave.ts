/**
 * Many events at a steady rate, held back where readers do not keep up.
 *
 * @module
 */
import { type LoadClient, slowestOf } from "./load_client.ts";
import { compareIds } from "./order.ts";
import { publish } from "./publisher.ts";
import { pause, until } from "./within.ts";

/** What to publish, and how fast. */
export interface WaveOptions {
  readonly origin: string;
  readonly channel: string;
  readonly client: LoadClient;
  readonly events: number;
  readonly eventBytes: number;
  /** Events a second; without it as fast as the slowest live reader takes them. */
  readonly rate?: number;
}

/** What became of a wave. */
export interface Wave {
  readonly lastId: string;
  /** Events a second, over the whole wave. */
  readonly rate: number;
  /** From the last event's answer to the moment all live readers were seen to have it. */
  readonly lastMs: number;
}

const AT_ONCE = 8;
/** How far the publisher may be ahead of the slowest live reader: half of what a window holds. */
const MAX_AHEAD_BYTES = 512 * 1024;
const DEADLINE_MS = 60_000;

function newest(ids: readonly string[]): string {
  return ids.reduce((a, b) => compareIds(a, b) > 0 ? a : b);
}

/** Publishes a wave and waits until every live reader has its last event. */
export async function publishWave(
  { origin, channel, client, events, eventBytes, rate = Infinity }: WaveOptions,
): Promise<Wave> {
  const maxAhead = Math.floor(MAX_AHEAD_BYTES / eventBytes);
  const pad = "x".repeat(Math.max(0, eventBytes - 100));
  const marks: { id: string; count: number }[] = [];
  const begun = performance.now();
  let sent = 0;
  let lastId = "";

  /** Whether every live reader has an event. */
  async function haveAll(id: string): Promise<true | undefined> {
    const report = await client.report();
    if (report.ended.length > 0) throw new Error(`A live stream ended: ${report.ended[0]?.tail}`);
    const slowest = slowestOf(report);
    return slowest !== "" && compareIds(slowest, id) >= 0 ? true : undefined;
  }

  while (sent < events) {
    const aheadMs = begun + sent * 1000 / rate - performance.now();
    if (aheadMs > 0) await pause(aheadMs);
    const count = Math.min(AT_ONCE, events - sent);
    const numbers = Array.from({ length: count }, (_, index) => sent + index + 1);
    const ids = await Promise.all(
      numbers.map((number) => publish(origin, channel, "price_alert", { number, pad })),
    );
    sent += count;
    lastId = newest(ids);
    marks.push({ id: lastId, count: sent });
    const due = marks.findLast((mark) => mark.count <= sent - maxAhead);
    if (due === undefined) continue;
    await until(`event ${due.count} at every reader`, () => haveAll(due.id), {
      deadlineMs: DEADLINE_MS,
      everyMs: 5,
    });
    marks.splice(0, marks.indexOf(due));
  }
  const published = performance.now();
  const deadline = { deadlineMs: DEADLINE_MS, everyMs: 10 };
  await until("the last event at every reader", () => haveAll(lastId), deadline);
  const over = performance.now();
  return { lastId, rate: sent * 1000 / (over - begun), lastMs: over - published };
}
