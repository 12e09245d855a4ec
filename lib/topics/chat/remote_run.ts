/**
 * Remote runs: the answer as read from the log, for runs of other isolates and for runs that have ended.
 *
 * @module
 */
import { createParser, type EventSourceMessage } from "eventsource-parser";
import type { Topic } from "../../core/topic.ts";
import type { Hub } from "../../hub/hub.ts";
import type { RunInfo } from "./dialect.ts";
import type { RunEnd } from "./part.ts";
import { endOf, partOf, runInfoOf, type RunRecord } from "./run.ts";
import type { RunFeed, RunListener } from "./run_feed.ts";
import { Transcript } from "./transcript.ts";

/** A run that is read from its topic: one stream for all readers of this isolate. */
export class RemoteRun implements RunFeed {
  readonly info: RunInfo;
  readonly transcript = new Transcript();
  /** Resolves once the answer so far is known. */
  readonly opened: Promise<void>;
  #end: RunEnd | null = null;
  #isClosed = false;
  readonly #listeners = new Set<RunListener>();
  readonly #markOpened: () => void;
  readonly #onClosed: () => void;
  #cancel: () => void = () => {};

  /** @param onClosed Called once, when the run has no reader any more, or has ended or broken. */
  constructor(record: RunRecord, onClosed: () => void) {
    this.info = runInfoOf(record);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.opened = promise;
    this.#markOpened = resolve;
    this.#onClosed = onClosed;
  }

  get end(): RunEnd | null {
    return this.#end;
  }

  /** Reads the run until it ends, or its last reader leaves. */
  async read(hub: Pick<Hub, "subscribe">, topic: Topic): Promise<void> {
    try {
      const body = await hub.subscribe({ filters: [{ topic, tags: null }] });
      const reader = body?.getReader();
      this.#cancel = () => void reader?.cancel().catch(() => {});
      const parser = createParser({ onEvent: (event) => this.#onEvent(event) });
      const decoder = new TextDecoder();
      for (;;) {
        const chunk = await reader?.read();
        if (chunk === undefined || chunk.done) break;
        parser.feed(decoder.decode(chunk.value, { stream: true }));
      }
    } finally {
      this.#close();
    }
  }

  subscribe(listener: RunListener): () => void {
    this.#listeners.add(listener);
    // The rest cannot be delivered, or there is none that the listener was not told.
    if (this.#isClosed) queueMicrotask(() => listener.onBroken());
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#close();
    };
  }

  #onEvent({ id, event = "", data }: EventSourceMessage): void {
    if (this.#isClosed) return;
    if (event === "part") {
      const part = partOf(data);
      this.transcript.add([part]);
      for (const listener of [...this.#listeners]) listener.onParts([part]);
    }
    this.#end = endOf(event, data);
    // A gap is a part of the answer that nobody can deliver any more.
    if (event === "gap" || this.#end !== null) this.#close();
    // The last of the initial frames has an id.
    if (id !== undefined) this.#markOpened();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) {
      if (this.#end === null) listener.onBroken();
      else listener.onEnd(this.#end);
    }
    this.#cancel();
    this.#markOpened();
    this.#onClosed();
  }
}
