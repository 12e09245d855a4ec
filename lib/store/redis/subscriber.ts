/**
 * One subscription to a channel, which comes back by itself until it is closed.
 *
 * @module
 */
import type { Runtime } from "../../core/runtime.ts";
import type { RedisClient } from "./client.ts";

/** What is told of a subscription. */
export interface SubscriberOptions {
  readonly channel: string;
  /** It is confirmed: all that is published from now on is heard. */
  readonly onLive: () => void;
  readonly onMessage: (text: string) => void;
  /** It ended, or could not be opened. It will be tried again. */
  readonly onEnd: () => void;
}

/** A subscription under supervision. */
export interface RedisSubscriber {
  /** Ends the connection: the next one may be a better one. */
  restart(): void;
  /** Ends it for good. Resolves when nothing of it is left. */
  close(): Promise<void>;
}

/** How long the first wait before another try may be, and the longest one, in milliseconds. */
const FIRST_RECONNECT_DELAY_MS = 250;
const MAX_RECONNECT_DELAY_MS = 10_000;

/** A connection that lived so long was a good one: after it the waits begin anew. */
const STEADY_CONNECTION_MS = 60_000;

/** How long a subscription may take until it is confirmed, in milliseconds. */
const CONFIRM_TIMEOUT_MS = 5000;

/** The longest line that is read, in characters. Publications are announced in far less. */
const MAX_LINE_CHARACTERS = 2_097_152;

/** Creates a subscription and opens it. The waits between tries are spread at random, so that isolates do not come at once. */
export function createRedisSubscriber(
  { clock, random }: Pick<Runtime, "clock" | "random">,
  client: Pick<RedisClient, "subscribe" | "markFailed">,
  { channel, onLive, onMessage, onEnd }: SubscriberOptions,
): RedisSubscriber {
  const message = `data: message,${channel},`;
  const confirmation = `data: subscribe,${channel},`;
  let isClosed = false;
  let stop = () => {};
  let wake = () => {};

  /** Reads lines until the stream ends, breaks, is stopped, or has a line that is no publication's. */
  async function read(body: ReadableStream<Uint8Array>, onConfirmed: () => void): Promise<void> {
    const reader = body.getReader();
    // Not by abort(): after a garbage collection it may not reach the body any more.
    stop = () => void reader.cancel().catch(() => {});
    if (isClosed) stop();
    const utf8 = new TextDecoder();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + utf8.decode(value, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > MAX_LINE_CHARACTERS) stop();
      for (const line of lines) {
        if (line.startsWith(message)) onMessage(line.slice(message.length));
        if (line.startsWith(confirmation)) onConfirmed();
      }
    }
  }

  /** One connection, from its opening to its end. */
  async function listen(): Promise<void> {
    const request = new AbortController();
    stop = () => request.abort();
    const callOff = clock.after(CONFIRM_TIMEOUT_MS, () => stop());
    let isConfirmed = false;
    let failure: unknown;
    try {
      const response = await client.subscribe(channel, request.signal);
      await read(response.body ?? new ReadableStream(), () => {
        isConfirmed = true;
        callOff();
        onLive();
      });
      // Named again down here, which keeps it in scope: a response that is collected may take its body with it.
      await response.body?.cancel().catch(() => {});
    } catch (thrown) {
      failure = thrown;
    }
    callOff();
    stop = () => {};
    if (isClosed) return;
    if (!isConfirmed) client.markFailed(failure);
    onEnd();
  }

  async function run(): Promise<void> {
    for (let failures = 0; !isClosed; failures++) {
      const began = clock.now();
      await listen();
      if (isClosed) return;
      if (clock.now() - began >= STEADY_CONNECTION_MS) failures = 0;
      const longest = Math.min(MAX_RECONNECT_DELAY_MS, FIRST_RECONNECT_DELAY_MS * 2 ** failures);
      await new Promise<void>((resolve) => {
        const callOff = clock.after(random() * longest, resolve);
        wake = () => {
          callOff();
          resolve();
        };
      });
    }
  }

  const ended = run();
  return {
    restart: () => stop(),
    async close() {
      isClosed = true;
      stop();
      wake();
      await ended;
    },
  };
}
