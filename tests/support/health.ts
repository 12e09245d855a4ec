/**
 * The server's state, by its own account.
 *
 * @module
 */
import { HEALTH, parse } from "./shapes.ts";
import { until } from "./within.ts";

/** Returns the number of streams that the server counts. */
export async function openStreamCount(origin: string): Promise<number> {
  const answer = await fetch(`${origin}/health`);
  return parse(HEALTH, await answer.text()).streams.open;
}

/** Waits until the server counts a number of open streams, because it notices a hang-up late. */
export async function untilOpen(origin: string, count: number): Promise<void> {
  let open = -1;
  try {
    await until(`${count} open streams`, async () => {
      open = await openStreamCount(origin);
      return open === count ? true : undefined;
    });
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}: there are ${open}`);
  }
}
