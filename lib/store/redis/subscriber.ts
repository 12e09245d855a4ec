/**
 * A supervised subscription to one channel. It reconnects automatically, and its watchdog detects a dead connection.
 *
 * @module
 */
import type { Runtime } from "../../core/runtime.ts";
import { withRetry } from "../../core/retry.ts";
import type { RedisClient } from "./client.ts";

/** The channel, and the receiver of its messages. */
export interface SubscriberOptions {
  readonly channel: string;
  /** Called when the subscription is confirmed. Every later message arrives. */
  readonly onLive: () => void;
  /** Receives the text of each message. */
  readonly onMessage: (text: string) => void;
  /** Called when the connection has ended or could not be opened. Another attempt follows. */
  readonly onEnd: () => void;
  /** Publishes a message that every subscriber of the channel receives. */
  readonly ping: () => Promise<void>;
}

/** A supervised subscription. */
export interface RedisSubscriber {
  /** Ends the connection. Another one follows. */
  restart(): void;
  /** Ends the subscription. Resolves once no request and no timer is left. Further calls do nothing. */
  close(): Promise<void>;
}

/** Maximum delay before the first reconnect, in milliseconds. */
const FIRST_RECONNECT_DELAY_MS = 250;

/** Maximum delay before any reconnect, in milliseconds. */
const MAX_RECONNECT_DELAY_MS = 10_000;

/** Lifetime of a connection after which the reconnect delays start from the first one again, in milliseconds. */
const STEADY_CONNECTION_MS = 60_000;

/** Time until a subscription must be confirmed, in milliseconds. */
const CONFIRM_TIMEOUT_MS = 5000;

/** Maximum length of a line, in characters. Announcements are far shorter. */
const MAX_LINE_CHARACTERS = 2_097_152;

/** Silence after which a subscriber pings the channel, in milliseconds. */
const SILENCE_MS = 30_000;

/** Maximum random delay of a ping, in milliseconds. The first ping serves all subscribers of the channel. */
const PING_JITTER_MS = 3000;

/** Time until a ping must arrive, in milliseconds. */
const PING_TIMEOUT_MS = 5000;

/** Opens a subscription and supervises it. The caller must close it. */
export function createRedisSubscriber(
  runtime: Pick<Runtime, "clock" | "random">,
  client: Pick<RedisClient, "subscribe" | "markFailed">,
  { channel, onLive, onMessage, onEnd, ping }: SubscriberOptions,
): RedisSubscriber {
  const { clock } = runtime;
  const messagePrefix = `data: message,${channel},`;
  const confirmationPrefix = `data: subscribe,${channel},`;
  const closing = new AbortController();
  let stop = () => {};
  const watchdog = createWatchdog(runtime, { ping, onSilence: () => stop() });

  /** Reads lines until the stream ends, breaks, is stopped, or exceeds the maximum length of a line. */
  async function read(body: ReadableStream<Uint8Array>, onConfirmed: () => void): Promise<void> {
    const reader = body.getReader();
    // abort() does not suffice, because it may not reach the body after a garbage collection.
    stop = () => void reader.cancel().catch(() => {});
    if (closing.signal.aborted) stop();
    const utf8 = new TextDecoder();
    let partialLine = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (partialLine + utf8.decode(value, { stream: true })).split("\n");
      partialLine = lines.pop() ?? "";
      if (partialLine.length > MAX_LINE_CHARACTERS) stop();
      for (const line of lines) {
        if (line.startsWith(confirmationPrefix)) onConfirmed();
        if (!line.startsWith(messagePrefix)) continue;
        watchdog.reset();
        onMessage(line.slice(messagePrefix.length));
      }
    }
  }

  /** Runs one connection. Rejects once it has ended, for any reason. */
  async function connect(): Promise<never> {
    const request = new AbortController();
    stop = () => request.abort();
    const cancelTimeout = clock.after(CONFIRM_TIMEOUT_MS, () => stop());
    let isConfirmed = false;
    let failure: unknown;
    try {
      const response = await client.subscribe(channel, request.signal);
      await read(response.body ?? new ReadableStream(), () => {
        isConfirmed = true;
        cancelTimeout();
        watchdog.start();
        onLive();
      });
      // This line keeps the response in scope, because its garbage collection may end the body.
      await response.body?.cancel().catch(() => {});
    } catch (thrown) {
      failure = thrown;
    }
    cancelTimeout();
    watchdog.stop();
    stop = () => {};
    if (!closing.signal.aborted) {
      if (!isConfirmed) client.markFailed(failure);
      onEnd();
    }
    throw failure;
  }

  const closed = withRetry(runtime, connect, {
    isRetryable: () => !closing.signal.aborted,
    firstDelayMs: FIRST_RECONNECT_DELAY_MS,
    maxDelayMs: MAX_RECONNECT_DELAY_MS,
    steadyMs: STEADY_CONNECTION_MS,
    signal: closing.signal,
  }).catch(() => {});

  return {
    restart: () => stop(),
    async close() {
      closing.abort();
      stop();
      await Promise.all([closed, watchdog.stop()]);
    },
  };
}

/** Tells a silent connection from a dead one. */
interface Watchdog {
  /** Begins to watch a connection. */
  start(): void;
  /** Notes that a message arrived. */
  reset(): void;
  /** Ends the watch. Resolves once no ping is under way. */
  stop(): Promise<void>;
}

/** Creates a watchdog that does not run yet. */
function createWatchdog(
  { clock, random }: Pick<Runtime, "clock" | "random">,
  { ping, onSilence }: {
    readonly ping: () => Promise<void>;
    readonly onSilence: () => void;
  },
): Watchdog {
  let lastMessageAt = 0;
  let isPingPending = false;
  let cancel = () => {};
  let pinging: Promise<void> = Promise.resolve();

  function checkAfter(ms: number): void {
    cancel = clock.after(ms + random() * PING_JITTER_MS, check);
  }

  /** Pings after enough silence, else waits for the rest of it: one timer serves many messages. */
  function check(): void {
    const remainingMs = lastMessageAt + SILENCE_MS - clock.elapsed();
    if (remainingMs > 0) return checkAfter(remainingMs);
    isPingPending = true;
    // A failed ping does not arrive, which the timeout below detects.
    pinging = ping().catch(() => {});
    cancel = clock.after(PING_TIMEOUT_MS, () => {
      if (isPingPending) onSilence();
      else check();
    });
  }

  return {
    start() {
      cancel();
      lastMessageAt = clock.elapsed();
      checkAfter(SILENCE_MS);
    },
    reset() {
      lastMessageAt = clock.elapsed();
      isPingPending = false;
    },
    stop() {
      cancel();
      return pinging;
    },
  };
}
