/**
 * Local runs: this isolate requests the answer from the upstream, delivers it to its readers, and appends it to the log.
 *
 * Readers of this isolate receive the answer at the speed of the upstream. The log receives it in larger pieces, the larger
 * the longer the run takes, because each append costs commands.
 *
 * @module
 */
import { messageOf } from "../../core/logger.ts";
import { Problem } from "../../core/problem.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Topic } from "../../core/topic.ts";
import { withRetry } from "../../core/retry.ts";
import type { Hub } from "../../hub/hub.ts";
import { StoreUnavailable } from "../../store/errors.ts";
import { MAX_BATCH_EVENTS } from "../../store/event_log.ts";
import { type Lease, RENEWALS_PER_TTL } from "../../store/lease.ts";
import type { RunInfo } from "./dialect.ts";
import type { ChatPart, RunEnd } from "./part.ts";
import { INTERRUPTED, partEvent, runInfoOf, type RunRecord } from "./run.ts";
import type { RunFeed, RunListener } from "./run_feed.ts";
import { mergeParts, Transcript } from "./transcript.ts";
import {
  answerTooLong,
  ChatFailure,
  type ChatRequest,
  type ChatUpstream,
  MAX_ANSWER_BYTES,
} from "./upstream.ts";

/** The characters after which the log receives the answer without delay. */
const MAX_UNLOGGED_CHARACTERS = 2048;

/** The most UTF-16 code units of the text of one event, each of which takes six bytes at most. */
const MAX_EVENT_UNITS = 8192;

/** A piece of a text that is too long for one event. It never ends within a character. */
const EVENT_PIECE = new RegExp(`.{1,${MAX_EVENT_UNITS / 2}}`, "gsu");

/** The events of a run beside its parts: its start and its end. */
const OTHER_EVENTS = 2;

/** The delay of an append after one that failed, in milliseconds. */
const APPEND_RETRY_MS = 1000;

const answerEncoder = new TextEncoder();

/** The services of a local run. */
export interface LocalRunContext {
  readonly runtime: Pick<Runtime, "clock" | "random" | "log">;
  readonly hub: Pick<Hub, "publish">;
  readonly upstream: ChatUpstream;
  readonly topic: Topic;
  /** The right to append parts. */
  readonly lease: Lease;
  readonly flushMs: number;
  /** Returns the time between two appends of a run that has an age, both in milliseconds. */
  appendIntervalMs(ageMs: number): number;
  /** The events of a topic that the log retains. */
  readonly maxEvents: number;
  /** The time after which a run without readers is stopped. */
  readonly orphanMs: number;
  /** Ends the record. Resolves to the record, which another isolate may have ended before. */
  end(end: RunEnd): Promise<RunRecord>;
  /** Returns true if the record is open. */
  isOpen(): Promise<boolean>;
  /** Returns true if the run has readers on another isolate. */
  isReadElsewhere(): Promise<boolean>;
  /** Called after each renewal of the lease. */
  onRenewed(): void;
  /** Called once, when the run has ended here. */
  onClosed(): void;
}

/** A run whose upstream this isolate holds. */
export class LocalRun implements RunFeed {
  readonly info: RunInfo;
  readonly transcript = new Transcript();
  /** Resolves once the run has ended on this isolate. */
  readonly closed: Promise<void>;
  #end: RunEnd | null = null;
  readonly #context: LocalRunContext;
  readonly #listeners = new Set<RunListener>();
  readonly #abort = new AbortController();
  readonly #startedAt: number;
  readonly #markClosed: () => void;
  /** The parts that no reader has received. */
  #unread: ChatPart[] = [];
  #readAt = -Infinity;
  #cancelRead: (() => void) | null = null;
  /** The parts that the log lacks, of which `#batch` is being appended. */
  #unlogged: ChatPart[] = [];
  #unloggedCharacters = 0;
  #batch: readonly ChatPart[] = [];
  #batches = 0;
  #loggedEvents = 0;
  #loggedAt = -Infinity;
  /** The time before which nothing is appended, because the store did not answer. */
  #retryAt = -Infinity;
  #cancelLog: (() => void) | null = null;
  #logging: Promise<void> | null = null;
  #bytes = 0;
  readonly #callIds = new Set<string>();
  #isEnding = false;
  #windowReaders = 0;
  #cancelOrphan: (() => void) | null = null;
  #stopRenewals: (() => void) | null = null;

  constructor(context: LocalRunContext, record: RunRecord) {
    this.#context = context;
    this.info = runInfoOf(record);
    this.#startedAt = context.runtime.clock.elapsed();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#markClosed = resolve;
    this.#watchOrphan();
  }

  get end(): RunEnd | null {
    return this.#end;
  }

  /** Requests the answer, unless the run has ended. The lease must be held. */
  start(request: ChatRequest): void {
    if (this.#isEnding) return;
    const { runtime: { clock }, lease } = this.#context;
    this.#stopRenewals = clock.every(lease.ttlMs / RENEWALS_PER_TTL, () => void this.#renew());
    this.#context.onRenewed();
    void this.#produce(request);
  }

  subscribe(listener: RunListener): () => void {
    this.#listeners.add(listener);
    this.#watchOrphan();
    return () => {
      this.#listeners.delete(listener);
      this.#watchOrphan();
    };
  }

  /** Counts a subscriber of the run's topic on this isolate. Returns a function that discounts it. */
  addWindowReader(): () => void {
    this.#windowReaders++;
    this.#watchOrphan();
    return () => {
      this.#windowReaders--;
      this.#watchOrphan();
    };
  }

  /** Ends the run before the upstream does: it flushes what it has, and ends the request. Resolves once it has ended. */
  close(end: RunEnd): Promise<void> {
    void this.#finish(end);
    return this.closed;
  }

  async #produce(request: ChatRequest): Promise<void> {
    let end: RunEnd = {
      type: "failed",
      code: "upstream_incomplete",
      detail: "The model's service broke off in the middle of the answer. Try again.",
    };
    try {
      for await (const part of this.#context.upstream.answer(request, this.#abort.signal)) {
        if (this.#isEnding) return;
        if (part.kind === "finish") {
          end = { type: "done", finishReason: part.finishReason, usage: part.usage };
          break;
        }
        this.#take(part);
      }
    } catch (thrown) {
      if (this.#isEnding) return;
      end = this.#failureOf(thrown);
    }
    await this.#finish(end);
  }

  #failureOf(thrown: unknown): RunEnd {
    if (thrown instanceof ChatFailure) {
      return { type: "failed", code: thrown.code, detail: thrown.message };
    }
    if (thrown instanceof Problem && thrown.code === "event_too_large") {
      return {
        type: "failed",
        code: "too_long",
        detail: "A component of the answer is too large.",
      };
    }
    // The message of an unexpected error may quote the answer.
    const error = thrown instanceof Error ? thrown.name : typeof thrown;
    this.#context.runtime.log.error("a run failed", { run: this.info.runId, error });
    return { type: "failed", code: "upstream_failed", detail: "The answer failed. Try again." };
  }

  /** @throws {ChatFailure} `too_long`. */
  #take(part: ChatPart): void {
    const json = part.kind === "component" ? JSON.stringify(part.component) : part.text;
    if (part.kind === "tool" && !this.#callIds.has(part.id)) {
      this.#callIds.add(part.id);
      this.#bytes += answerEncoder.encode(part.id + part.name).byteLength;
    }
    this.#bytes += answerEncoder.encode(json).byteLength;
    if (this.#bytes > MAX_ANSWER_BYTES) throw answerTooLong();
    this.#unread.push(part);
    this.#unlogged.push(part);
    this.#unloggedCharacters += json.length;
    this.#scheduleRead();
    this.#scheduleLog();
  }

  /** Delivers to the readers of this isolate at most twice per flush interval. The first part never waits. */
  #scheduleRead(): void {
    const { runtime: { clock }, flushMs } = this.#context;
    const delayMs = this.#readAt + flushMs / 2 - clock.elapsed();
    if (delayMs <= 0) this.#flushRead();
    else this.#cancelRead ??= clock.after(delayMs, () => this.#flushRead());
  }

  #flushRead(): void {
    this.#cancelRead?.();
    this.#cancelRead = null;
    if (this.#unread.length === 0) return;
    this.#readAt = this.#context.runtime.clock.elapsed();
    const parts = mergeParts(this.#unread);
    this.#unread = [];
    this.transcript.add(parts);
    for (const listener of [...this.#listeners]) listener.onParts(parts);
  }

  #scheduleLog(): void {
    if (this.#logging || this.#isEnding) return;
    const { runtime: { clock } } = this.#context;
    const now = clock.elapsed();
    const intervalMs = this.#context.appendIntervalMs(now - this.#startedAt);
    const isLarge = this.#unloggedCharacters >= MAX_UNLOGGED_CHARACTERS;
    const dueAt = Math.max(this.#retryAt, isLarge ? now : this.#loggedAt + intervalMs);
    if (this.#cancelLog && (!isLarge || dueAt > now)) return;
    this.#cancelLog?.();
    this.#cancelLog = clock.after(Math.max(0, dueAt - now), () => {
      this.#cancelLog = null;
      this.#logging ??= this.#log().then(
        () => this.#scheduleNext(),
        (thrown) => this.#onLogFailed(thrown),
      );
    });
  }

  #scheduleNext(): void {
    this.#logging = null;
    if (this.#unlogged.length + this.#batch.length > 0) this.#scheduleLog();
  }

  #onLogFailed(thrown: unknown): void {
    if (thrown instanceof StoreUnavailable) {
      this.#retryAt = this.#context.runtime.clock.elapsed() + APPEND_RETRY_MS;
      return this.#scheduleNext();
    }
    this.#logging = null;
    void this.#finish(thrown instanceof Interruption ? INTERRUPTED : this.#failureOf(thrown));
  }

  /**
   * Appends what the log lacks. A batch whose outcome is unknown is appended again with its key.
   *
   * @throws {Interruption} Another isolate has the lease, or has ended the run.
   */
  async #log(): Promise<void> {
    const { hub, topic, lease, runtime: { clock } } = this.#context;
    while (this.#batch.length > 0 || this.#unlogged.length > 0) {
      if (this.#batch.length === 0) {
        const pieces = mergeParts(this.#unlogged).flatMap(splitPart);
        this.#batch = pieces.slice(0, MAX_BATCH_EVENTS);
        this.#unlogged = pieces.slice(MAX_BATCH_EVENTS);
        this.#unloggedCharacters = 0;
        this.#batches++;
        this.#loggedEvents += this.#batch.length;
        // Else the log would evict its beginning.
        if (this.#loggedEvents + OTHER_EVENTS > this.#context.maxEvents) {
          throw new ChatFailure("too_long", "The answer has too many parts.");
        }
      }
      this.#loggedAt = clock.elapsed();
      const events = this.#batch.map((part) => partEvent(this.info.runId, part));
      const key = `${lease.fence.lease} ${this.#batches}`;
      try {
        const options = { fence: lease.fence, idempotencyKey: { key, fingerprint: "" } };
        await hub.publish(topic, events, options);
        this.#batch = [];
      } catch (thrown) {
        if (!(thrown instanceof Problem) || thrown.code !== "fenced") throw thrown;
        if (!await this.#reclaim()) throw new Interruption();
      }
      if (!this.#isEnding) return;
    }
  }

  /**
   * Claims a lease that expired, as while the store was unavailable: the run continues unless another isolate has the
   * lease, or had it and ended the run.
   */
  async #reclaim(): Promise<boolean> {
    const { lease, isOpen } = this.#context;
    return await isOpen() && (await lease.claim()).isHeld; // in this order, because a holder's appends pass
  }

  async #renew(): Promise<void> {
    const { lease, onRenewed } = this.#context;
    try {
      const isHeld = await lease.renew() || await this.#reclaim();
      if (!isHeld) await this.#finish(INTERRUPTED);
      else if (!this.#isEnding) onRenewed();
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) throw thrown;
    }
  }

  /** Stops a run that nobody reads for some time. */
  #watchOrphan(delayMs = this.#context.orphanMs): void {
    const isRead = this.#listeners.size + this.#windowReaders > 0;
    if (isRead || this.#isEnding) {
      this.#cancelOrphan?.();
      this.#cancelOrphan = null;
      return;
    }
    this.#cancelOrphan ??= this.#context.runtime.clock.after(
      delayMs,
      () => void this.#checkOrphan(),
    );
  }

  async #checkOrphan(): Promise<void> {
    const cancel = this.#cancelOrphan;
    const isReadElsewhere = await this.#context.isReadElsewhere().catch(() => true);
    if (this.#isEnding || cancel === null || this.#cancelOrphan !== cancel) return;
    this.#cancelOrphan = null;
    if (isReadElsewhere) this.#watchOrphan(this.#context.orphanMs / 2);
    else await this.#finish({ type: "stopped" });
  }

  /** Ends the run, once. The log receives the rest of the answer first. */
  async #finish(end: RunEnd): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const { runtime, lease } = this.#context;
    const { clock } = runtime;
    this.#abort.abort();
    this.#cancelOrphan?.();
    this.#cancelLog?.();
    this.#flushRead();
    const deadlineAt = clock.elapsed() + lease.ttlMs;
    const ended = withRetry(runtime, () => this.#logEnd(end), {
      isRetryable: (thrown) => thrown instanceof StoreUnavailable && clock.elapsed() < deadlineAt,
      firstDelayMs: APPEND_RETRY_MS,
      maxDelayMs: APPEND_RETRY_MS,
    });
    try {
      this.#end = await ended;
    } catch (thrown) {
      // Another isolate ends the run when the lease expires.
      const { runId } = this.info;
      runtime.log.warn("the end of a run is not stored", { run: runId, error: messageOf(thrown) });
    }
    this.#stopRenewals?.();
    this.#context.onClosed();
    for (const listener of [...this.#listeners]) {
      if (this.#end === null) listener.onBroken();
      else listener.onEnd(this.#end);
    }
    this.#listeners.clear();
    this.#markClosed();
  }

  async #logEnd(end: RunEnd): Promise<RunEnd> {
    await this.#logging;
    try {
      await this.#log();
    } catch (thrown) {
      if (thrown instanceof StoreUnavailable) throw thrown;
      // The log lacks a part of the answer, so the run did not end as its upstream did.
      end = thrown instanceof Interruption ? INTERRUPTED : this.#failureOf(thrown);
    }
    return (await this.#context.end(end)).end ?? end;
  }
}

/** The error of a run that another isolate ends, or has ended. */
class Interruption extends Error {}

/** Splits a part whose event would be too large. */
function splitPart(part: ChatPart): ChatPart[] {
  if (part.kind === "component" || part.text.length <= MAX_EVENT_UNITS) return [part];
  return Array.from(part.text.matchAll(EVENT_PIECE), ([text]) => ({ ...part, text }));
}
