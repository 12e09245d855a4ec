/**
 * A publisher that counts, so that its readers can find missing events.
 *
 * @module
 */
import { publish } from "./publisher.ts";
import type { ReceivedFrame } from "./frames.ts";
import { NUMBERED, parse } from "./shapes.ts";
import { pause } from "./within.ts";

/** A publisher at work: 1, 2, 3, one after the other, each of them in the log before the next is sent. */
export interface Numbers {
  /** The last number that is in the log. */
  readonly last: number;
  /** Ends the work, and gives the last number. Fails where publishing failed. */
  stop(): Promise<number>;
}

/** Options of counting. */
export interface CountingOptions {
  /** True to wait before the next number: so readers hold a publisher back. */
  readonly isTooFar?: (last: number) => boolean;
  /** The wait between two numbers. */
  readonly everyMs?: number;
}

/** Options of counting on a channel. */
export interface NumbersOptions extends CountingOptions {
  readonly origin: string;
  readonly channel: string;
  /** Returns the number of characters to add to the next event. */
  readonly padding?: () => number;
}

/** Publishes one number after the other. */
export function startCounting(
  send: (number: number) => Promise<unknown>,
  { isTooFar = () => false, everyMs = 0 }: CountingOptions = {},
): Numbers {
  let last = 0;
  let isStopped = false;

  async function work(): Promise<void> {
    while (!isStopped) {
      if (isTooFar(last)) {
        await pause(1);
        continue;
      }
      await send(last + 1);
      last++;
      if (everyMs > 0) await pause(everyMs);
    }
  }

  const done = work();
  done.catch(() => {}); // stop() throws it.
  return {
    get last() {
      return last;
    },
    async stop() {
      isStopped = true;
      await done;
      return last;
    },
  };
}

/** Starts to publish numbers on a channel. */
export function startNumbers(
  { origin, channel, padding = () => 0, ...counting }: NumbersOptions,
): Numbers {
  return startCounting(
    (number) => publish(origin, channel, "tick", { number, pad: "ä".repeat(padding() >> 1) }),
    counting,
  );
}

/** The number of a frame, if it is one of the publisher's. */
export function numberOf({ event, data }: ReceivedFrame): number | undefined {
  return event === "tick" ? parse(NUMBERED, data).data.number : undefined;
}
