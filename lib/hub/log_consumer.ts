/**
 * This isolate's consumer of the log: every event that a client receives passes through here, whichever isolate published it.
 *
 * @module
 */
import type { Joined, LogMessage } from "../core/event.ts";
import type { Metrics } from "../core/metrics.ts";
import { comparePositions, ORIGIN, type Position } from "../core/position.ts";
import type { Runtime } from "../core/runtime.ts";
import type { SharedState } from "../store/backend.ts";
import type { Retention } from "../store/event_log.ts";
import { type EncodedEvent, SseEncoderStream } from "../wire/sse.ts";

/** The settings of a hub, each named for its environment variable. */
export interface HubOptions extends Retention {
  readonly heartbeatMs: number;
  readonly streamMaxAgeMs: number;
  readonly retryMs: number;
  readonly coalesceMs: number;
  readonly maxEventBytes: number;
}

/** The surroundings of all parts of a hub. */
export interface HubContext extends Pick<Runtime, "clock" | "random" | "log"> {
  readonly metrics: Metrics;
  readonly state: Pick<SharedState, "log" | "health">;
  readonly options: HubOptions;
  readonly onFault: (thrown: unknown) => void;
}

/** The longest wait to join the log or to receive an event, and the interval at which a silent log is probed, in ms. */
const [MAX_WAIT_MS, PROBE_MS] = [1000, 1000];

/** Receives what the consumer reads, in the order in which listeners were added. */
export interface LogListener {
  /** Takes events of one topic, or none if all were retracted meanwhile. @param before The head before them. */
  published?(
    events: readonly EncodedEvent[],
    retracted: readonly Position[],
    before: Position,
  ): void;
  /** Takes the position at which the consumer stands, since what it received before does not lead there. */
  joined?(now: Joined, before: Joined | null): void;
}

/** Consumes the log while this isolate has subscribers. */
export class LogConsumer {
  readonly #listeners: LogListener[] = [];
  #running: AbortController | null = null;
  #stopped = Promise.resolve();
  #joined: Joined | null = null;
  #head = ORIGIN;
  #probedAt = -Infinity;
  readonly #waiters = new Set<() => void>();

  constructor(private readonly context: HubContext) {}

  /** The position up to which this isolate has consumed the log: {@linkcode ORIGIN} before it has joined the log. */
  get head(): Position {
    return this.#head;
  }

  /** The epoch of the log that this isolate has joined, even while the log does not answer. Null before it has joined one. */
  get epoch(): Position | null {
    return this.#joined?.epoch ?? null;
  }

  /** Returns true if the log does not answer. Then probes it, because no other request would notice its recovery. */
  isDown(): boolean {
    const { clock, state: { health } } = this.context;
    if (health.isUp) return false;
    if (clock.elapsed() - this.#probedAt >= PROBE_MS) {
      this.#probedAt = clock.elapsed();
      void health.check(); // never rejects
    }
    return true;
  }

  /** Returns true if this isolate has joined the log, and the log answers as far as is known. */
  isReadable(): boolean {
    return this.#joined !== null && !this.isDown();
  }

  listen(listener: LogListener): void {
    this.#listeners.push(listener);
  }

  /** Starts consuming the log. @returns True if the log is joined. A promise waits for that, for a second at most. */
  start(): boolean | Promise<boolean> {
    if (this.#running === null) this.#stopped = this.#run(this.#running = new AbortController());
    const isJoined = () => this.#joined !== null;
    return isJoined() || this.#wait(() => isJoined() || this.isDown()).then(isJoined);
  }

  /** Resolves once this isolate has consumed the log up to a position, after a second, or now if it does not consume it. */
  async received(position: Position): Promise<void> {
    if (this.#running) await this.#wait(() => comparePositions(position, this.#head) <= 0);
  }

  /** Stops consuming the log. It may start again. */
  async stop(): Promise<void> {
    this.#running?.abort();
    this.#running = null;
    this.#joined = null;
    this.#head = ORIGIN;
    for (const settle of this.#waiters) settle();
    await this.#stopped;
  }

  async #run(run: AbortController): Promise<void> {
    const write = (message: LogMessage<EncodedEvent>) => {
      if (!run.signal.aborted) this.#receive(message);
    };
    try {
      await this.context.state.log.subscribe()
        .pipeThrough(new SseEncoderStream(this.context.onFault))
        .pipeTo(new WritableStream({ write }), { signal: run.signal });
    } catch (thrown) {
      if (!run.signal.aborted) this.context.onFault(thrown);
    }
    if (this.#running === run) this.#running = null;
  }

  #receive(message: LogMessage<EncodedEvent>): void {
    try {
      if (message.kind === "joined") this.#rejoined(message);
      else this.#published(message.events, message.retracted);
    } catch (thrown) {
      this.context.onFault(thrown); // the fault of one event must not affect the next one
    }
    for (const settle of this.#waiters) settle();
  }

  #rejoined(now: Joined): void {
    const before = this.#joined && { ...this.#joined, head: this.#head };
    this.#joined = now;
    this.#head = now.head;
    for (const listener of this.#listeners) listener.joined?.(now, before);
  }

  #published(events: readonly EncodedEvent[], retracted: readonly Position[]): void {
    const before = this.#head;
    const newest = events.at(-1)?.id ?? null;
    if (newest !== null && comparePositions(newest, before) <= 0) return; // received before
    this.#head = newest ?? before;
    for (const listener of this.#listeners) listener.published?.(events, retracted, before);
  }

  /** Waits until a condition holds, `stop()` is called, or {@linkcode MAX_WAIT_MS} have passed. */
  async #wait(holds: () => boolean): Promise<void> {
    if (holds()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const settle = () => (holds() || this.#running === null) && resolve();
    this.#waiters.add(settle);
    const cancel = this.context.clock.after(MAX_WAIT_MS, resolve);
    await promise;
    cancel();
    this.#waiters.delete(settle);
  }
}
