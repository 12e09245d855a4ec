/**
 * Supervised WebSockets to external services: a connection that ends or falls silent is replaced after a delay.
 *
 * @module
 */
import { withRetry } from "../core/retry.ts";
import type { Runtime, SocketLike } from "../core/runtime.ts";
import { asFailure, UpstreamFailure } from "./failure.ts";

/** The time limit of a handshake, in ms. */
const CONNECT_TIMEOUT_MS = 10_000;

/** The largest message, in UTF-16 code units. A ticker has some hundred. */
const MAX_SOCKET_MESSAGE_LENGTH = 1_048_576;

/** The longest delay of the first reconnection, in ms. It doubles with each further failure. */
const FIRST_RECONNECT_MS = 1000;

/** The longest delay of any reconnection, in ms. */
const MAX_RECONNECT_MS = 60_000;

/** The duration of a connection after which its end counts as the first failure, in ms. */
const STEADY_MS = 60_000;

/** The options of a supervised socket. */
export interface SocketOptions {
  /** The name of the service, for messages. */
  readonly title: string;
  /** It may contain a key, so it is never logged. */
  readonly url: string;
  /** The silence after which a connection counts as broken, in ms. */
  readonly maxSilenceMs: number;
}

/** The user of a supervised socket. */
export interface SocketHandler {
  /** Starts the conversation on a new connection. */
  onOpen(): void;
  /**
   * Handles a message.
   *
   * @throws If the connection is of no use. It is then closed, and replaced after a delay.
   */
  onMessage(message: string): void;
  /**
   * Handles the end of a connection or a failed attempt, unless `stop` caused it.
   *
   * @param reason A sentence for users.
   */
  onDown(reason: string): void;
}

type SocketRuntime = Pick<Runtime, "clock" | "random" | "log" | "connect">;

/** One connection. */
class SocketConnection {
  readonly #runtime: SocketRuntime;
  readonly #options: SocketOptions;
  readonly #socket: SocketLike;
  readonly #ended = Promise.withResolvers<never>();
  #isOpen = false;
  /** Monotonic time of the last sign of life. */
  #heardElapsed: number;
  #cancelCheck: () => void;

  constructor(runtime: SocketRuntime, options: SocketOptions, handler: SocketHandler) {
    const { title, url } = options;
    this.#runtime = runtime;
    this.#options = options;
    this.#socket = runtime.connect(new URL(url));
    this.#heardElapsed = runtime.clock.elapsed();
    this.#cancelCheck = runtime.clock.after(CONNECT_TIMEOUT_MS, () => this.#checkSilence());
    this.#socket.onopen = () => {
      this.#isOpen = true;
      this.#heardElapsed = runtime.clock.elapsed();
      this.#checkSilence();
      this.#run(() => handler.onOpen());
    };
    this.#socket.onmessage = ({ data }) => {
      this.#heardElapsed = runtime.clock.elapsed();
      this.#run(() => {
        if (typeof data !== "string" || data.length > MAX_SOCKET_MESSAGE_LENGTH) {
          throw new UpstreamFailure("shape", `${title} sent a message that is no short text`);
        }
        handler.onMessage(data);
      });
    };
    this.#socket.onclose = ({ code }) => {
      // The code of a handshake that failed says nothing.
      const outcome = this.#isOpen ? `closed its stream: code ${code}` : "did not open its stream";
      this.end(new UpstreamFailure("network", `${title} ${outcome}`));
    };
  }

  /** Rejects once the connection has ended. */
  get ended(): Promise<never> {
    return this.#ended.promise;
  }

  /** Sends a message. It has no effect before the connection is open. */
  send(message: string): void {
    if (this.#isOpen) this.#socket.send(message);
  }

  /** Closes the connection. A second call has no effect. */
  end(reason: Error): void {
    this.#cancelCheck();
    this.#isOpen = false;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#ended.reject(reason);
  }

  /** Runs a task of the handler. An error ends the connection. */
  #run(task: () => void): void {
    try {
      task();
    } catch (thrown) {
      const { title } = this.#options;
      this.end(asFailure(thrown, "shape", `${title} sent a message that cannot be read`));
    }
  }

  /** Ends a connection that is silent. One timer serves all messages, because many arrive each second. */
  #checkSilence(): void {
    const { clock } = this.#runtime;
    const { title, maxSilenceMs } = this.#options;
    const limitMs = this.#isOpen ? maxSilenceMs : CONNECT_TIMEOUT_MS;
    const leftMs = this.#heardElapsed + limitMs - clock.elapsed();
    this.#cancelCheck();
    if (leftMs > 0) {
      this.#cancelCheck = clock.after(leftMs, () => this.#checkSilence());
      return;
    }
    const outcome = this.#isOpen ? "was silent" : "did not open its stream";
    this.end(new UpstreamFailure("timeout", `${title} ${outcome} for ${limitMs / 1000} s`));
  }
}

/** A socket to one service, with at most one connection at a time. */
export class SupervisedSocket {
  readonly #runtime: SocketRuntime;
  readonly #options: SocketOptions;
  readonly #handler: SocketHandler;
  #controller: AbortController | null = null;
  #connection: SocketConnection | null = null;

  constructor(runtime: SocketRuntime, options: SocketOptions, handler: SocketHandler) {
    this.#runtime = runtime;
    this.#options = options;
    this.#handler = handler;
  }

  /** Connects, and replaces every connection that ends, until {@linkcode stop}. A second start has no effect. */
  start(): void {
    if (this.#controller !== null) return;
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    withRetry(this.#runtime, () => this.#connect(signal), {
      isRetryable: () => !signal.aborted,
      firstDelayMs: FIRST_RECONNECT_MS,
      maxDelayMs: MAX_RECONNECT_MS,
      steadyMs: STEADY_MS,
      signal,
    }).catch(() => {}); // only `stop` ends the retries
  }

  /** Closes the connection, and opens no other one. A second call has no effect. */
  stop(): void {
    this.#controller?.abort();
    this.#controller = null;
  }

  /** Sends a message. It has no effect without an open connection. */
  send(message: string): void {
    this.#connection?.send(message);
  }

  /** Opens a connection. The promise rejects once it has ended. */
  async #connect(signal: AbortSignal): Promise<never> {
    signal.throwIfAborted();
    const { title } = this.#options;
    let connection: SocketConnection | null = null;
    const close = () => connection?.end(new UpstreamFailure("network", `${title} was left`));
    signal.addEventListener("abort", close, { once: true });
    try {
      connection = new SocketConnection(this.#runtime, this.#options, this.#handler);
      this.#connection = connection;
      return await connection.ended;
    } catch (thrown) {
      const failure = asFailure(thrown, "network", `${title} could not be connected`);
      if (!signal.aborted) {
        this.#connection = null;
        this.#runtime.log.warn("A stream of an upstream ended", { reason: failure.message });
        this.#handler.onDown(failure.message);
      }
      throw failure;
    } finally {
      signal.removeEventListener("abort", close);
    }
  }
}
