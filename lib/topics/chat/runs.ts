/**
 * The chat service: starts, joins, finds and stops runs, whichever isolate produces them.
 *
 * @module
 */
import { messageOf } from "../../core/logger.ts";
import { noMetrics } from "../../core/metrics.ts";
import { Problem } from "../../core/problem.ts";
import { defineTopic, type Topic } from "../../core/topic.ts";
import type { Hub } from "../../hub/hub.ts";
import type { SharedState } from "../../store/backend.ts";
import { z } from "zod";
import type { TopicCaller } from "../registry.ts";
import { createResource, type Resource, type ResourceContext } from "../resource.ts";
import type { ChatInput } from "./dialects/input.ts";
import { appendIntervalMs } from "./append_interval.ts";
import { LocalRun } from "./local_run.ts";
import { RemoteRun } from "./remote_run.ts";
import {
  applyRunTime,
  CHAT,
  chatKey,
  clientRunKey,
  defineRunTopic,
  digestOf,
  endRun,
  INTERRUPTED,
  openIndexOf,
  runEventOf,
  runExpiresAt,
  runOutcomeOf,
  RunRecord,
  turnKey,
  unleasedMsOf,
} from "./run.ts";
import type { RunFeed } from "./run_feed.ts";
import { runReadersKey, watchRun } from "./run_watch.ts";
import { chatOff, type ChatUpstream } from "./upstream.ts";

/** The owner of all chats of callers without a name, in a demo. */
const DEMO_OWNER = "demo";

/** The time in which the producer of a stopped run ends it. After it, the isolate of the request does. */
const STOP_GRACE_MS = 1000;

/** The delay before a caller with too many runs retries, in milliseconds. */
const TOO_MANY_RETRY_MS = 5000;

/** The settings of the chat. */
export interface ChatOptions {
  readonly flushMs: number;
  readonly orphanMs: number;
  readonly maxRunsPerUser: number;
  /** The events of a topic that the log retains. */
  readonly maxEvents: number;
  /** True if callers without a name may chat. */
  readonly isDemo: boolean;
}

/** The dependencies of the chat. */
export interface ChatContext extends ResourceContext {
  readonly hub: ResourceContext["hub"] & Pick<Hub, "publish" | "subscribe" | "keepOpen">;
  readonly store: SharedState["store"];
  readonly lease: SharedState["lease"];
  readonly storeKind: SharedState["health"]["kind"];
  /** Null if no upstream is set. */
  readonly upstream: ChatUpstream | null;
  readonly options: ChatOptions;
}

/** A request for an answer. */
export interface RunRequest {
  readonly owner: string;
  /** Identifies the caller whose open runs are bounded. */
  readonly share: string;
  readonly chatId: string;
  readonly input: Omit<ChatInput, "chatId">;
}

/** The topic by which isolates ask the producer of a run to stop it. */
const REQUESTS = defineTopic({
  name: "runs",
  metricKind: CHAT,
  kind: "log",
  events: { stop: z.object({ run: z.string() }) },
  access: "publishers",
});

/** All chats. */
export class Chat {
  readonly #context: ChatContext;
  readonly #runs: Resource<RunRecord>;
  readonly #local = new Map<string, LocalRun>();
  readonly #remote = new Map<string, RemoteRun>();
  /** The runs that this isolate ends unless their producers do. */
  readonly #stopping = new Set<string>();
  #isDraining = false;

  /** Registers the topics of chats. */
  constructor(context: ChatContext) {
    this.#context = context;
    const { hub, runtime: { metrics = noMetrics }, options: { isDemo, maxRunsPerUser } } = context;
    this.#runs = createResource<RunRecord>(context, {
      noun: "run",
      topic: defineRunTopic(isDemo ? "public" : "owned"),
      schema: RunRecord,
      idOf: ({ id }) => id,
      ownerOf: ({ owner }) => owner,
      isTerminal: ({ end }) => end !== null,
      applyTime: applyRunTime,
      nextChangeAt: (record) => record.end === null ? runExpiresAt(record) : null,
      expiresAt: runExpiresAt,
      eventOf: runEventOf,
      openIndex: ({ share }) => ({ name: openIndexOf(share), max: maxRunsPerUser }),
      onStep({ end }) {
        if (end !== null) metrics.answered(runOutcomeOf(end));
      },
      resolve: (chatId, caller) => this.#resolve(chatId, caller),
    });
    hub.whileSubscribed(
      { name: CHAT },
      ({ name }) => this.#onSubscribed(name.slice(CHAT.length + 1)),
    );
    hub.onPublished(REQUESTS, (events) => {
      for (const { json } of events) {
        void this.#local.get(JSON.parse(json).run)?.close({ type: "stopped" });
      }
    });
  }

  /** The number of runs that this isolate produces. */
  get openRuns(): number {
    return this.#local.size;
  }

  /** The model's name, null if no upstream is set. */
  get model(): string | null {
    return this.#context.upstream?.model ?? null;
  }

  /** Returns the owner that a caller is, undefined if it may have no chat. */
  ownerOf({ owner }: Pick<TopicCaller, "owner">): string | undefined {
    return owner ?? (this.#context.options.isDemo ? DEMO_OWNER : undefined);
  }

  /** Returns the topic of a run. */
  topicOf({ id, chatId }: Pick<RunRecord, "id" | "chatId">): Topic {
    return { ...this.#runs.topicOf(id), label: `${CHAT}/${chatId}` };
  }

  /**
   * Starts a run, or joins the one that an earlier request of the same turn started.
   *
   * @throws {Problem} 429 `too_many_runs`; 503 `chat_off` or `busy_drain`.
   */
  async start({ owner, share, chatId, input }: RunRequest): Promise<RunFeed> {
    const { upstream, store } = this.#context;
    if (upstream === null) throw chatOff();
    if (this.#isDraining) {
      const detail = "This isolate is draining. Send the request again: another one takes over.";
      throw new Problem(503, "busy_drain", detail, { retryAfterMs: 1000 });
    }
    const { clientRunId, continued, messageId, messages, tools } = input;
    const make = (id: string, createdAt: number): RunRecord => ({
      id,
      chatId,
      owner,
      share: digestOf(share),
      ...clientRunId === undefined ? {} : { clientRunId },
      ...continued === undefined ? {} : { continued },
      model: upstream.model,
      createdAt,
      end: null,
    });
    const key = messageId === undefined ? undefined : turnKey(owner, chatId, messageId);
    const { record: created, isNew } = await this.#create(digestOf(share), make, key);
    if (!isNew) {
      const current = await this.get(created.id);
      // The run of an earlier request is no longer retained: this is another turn.
      if (current === null) {
        const anew = { ...input, messageId: undefined };
        return await this.start({ owner, share, chatId, input: anew });
      }
      return await this.feedOf(current);
    }

    const record = await this.#startAnew(created);
    if (record.end !== null) return await this.feedOf(record);
    const run = this.#produce(upstream, record);
    if (this.#isDraining) void run.close(INTERRUPTED); // since the record was created
    try {
      const ttlMs = runExpiresAt(record) - record.createdAt + this.#context.retainMs;
      await Promise.all([
        this.#leaseOf(record.id).claim(),
        store.set(chatKey(owner, chatId), record.id, ttlMs),
        clientRunId && store.set(clientRunKey(owner, clientRunId), record.id, ttlMs),
      ]);
    } catch (thrown) {
      void run.close(INTERRUPTED);
      throw thrown;
    }
    run.start({ chatId, owner, messages, tools });
    return run;
  }

  /** Returns the run that an earlier request of a turn started, null if there is none. */
  async startedBy(owner: string, chatId: string, messageId: string): Promise<RunRecord | null> {
    const record = await this.#runs.createdBy(turnKey(owner, chatId, messageId));
    return record && await this.get(record.id);
  }

  /** Reads a run, and ends it if its producer is dead. Returns null if it is unknown. */
  async get(id: string): Promise<RunRecord | null> {
    const record = await this.#runs.get(id);
    return record && (await this.#checkProducer(record)).record;
  }

  /** Reads the newest run of a chat. Returns null if there is none. */
  async newest(owner: string, chatId: string): Promise<RunRecord | null> {
    const id = await this.#context.store.get(chatKey(owner, chatId));
    return id === null ? null : await this.get(id);
  }

  /** Reads the newest run that a client has given this id. Returns null if there is none. */
  async namedByClient(owner: string, clientRunId: string): Promise<RunRecord | null> {
    const id = await this.#context.store.get(clientRunKey(owner, clientRunId));
    return id === null ? null : await this.get(id);
  }

  /** Returns the answer of a run, from its producer or from the log. */
  async feedOf(record: RunRecord): Promise<RunFeed> {
    const local = this.#local.get(record.id);
    if (local) return local;
    const run = this.#remote.get(record.id) ?? this.#read(record);
    await run.opened;
    return run;
  }

  #read(record: RunRecord): RemoteRun {
    const run = new RemoteRun(record, () => {
      if (this.#remote.get(record.id) === run) this.#remote.delete(record.id);
    });
    this.#remote.set(record.id, run);
    run.read(this.#context.hub, this.topicOf(record)).catch((thrown) =>
      this.#context.runtime.log.error("a run cannot be read", { error: messageOf(thrown) })
    );
    return run;
  }

  /**
   * Stops an open run. Its producer ends it within a second, or else this isolate does. Resolves once it has ended here, or
   * its producer has been asked.
   */
  async stop(record: RunRecord): Promise<void> {
    const { id } = record;
    const local = this.#local.get(id);
    if (local) return await local.close({ type: "stopped" });
    if (record.end !== null) return;
    await this.#context.hub.publish(REQUESTS, [{ type: "stop", data: { run: id } }]);
    this.#stopping.add(id);
    this.#context.runtime.clock.after(STOP_GRACE_MS, () => void this.#forceStop(id));
  }

  /** Ends the runs of this isolate, and starts no other. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    const closing = [...this.#local.values()].map((run) => run.close(INTERRUPTED));
    await Promise.all([...closing, ...[...this.#stopping].map((id) => this.#forceStop(id))]);
  }

  async #resolve(chatId: string, caller: TopicCaller): Promise<Topic | null> {
    const owner = this.ownerOf(caller);
    const record = owner === undefined ? null : await this.newest(owner, chatId);
    return record && this.topicOf(record);
  }

  /** Gives a run its time from now on if its creation was refused some time ago, and a repeated request completed it. */
  async #startAnew(record: RunRecord): Promise<RunRecord> {
    const now = this.#context.runtime.clock.now();
    if (unleasedMsOf(record, now) > 0) return record;
    return await this.#runs.update(
      record.id,
      (stored) => stored.end === null ? { ...stored, createdAt: now } : stored,
    );
  }

  /** Creates the record. If too many are open, those are ended first whose producers are dead. */
  async #create(...[share, ...args]: [string, ...Parameters<Resource<RunRecord>["createOrJoin"]>]) {
    try {
      return await this.#runs.createOrJoin(...args);
    } catch (thrown) {
      if (!isFull(thrown)) throw thrown;
    }
    const open = await this.#runs.listOpen(openIndexOf(share));
    await Promise.all(open.map((record) => this.#checkProducer(record)));
    try {
      return await this.#runs.createOrJoin(...args);
    } catch (thrown) {
      if (!isFull(thrown)) throw thrown;
      const { maxRunsPerUser } = this.#context.options;
      const detail = `You have ${maxRunsPerUser} open answers, and more are not allowed at once. ` +
        "Wait until one ends, or stop it.";
      throw new Problem(429, "too_many_runs", detail, { retryAfterMs: TOO_MANY_RETRY_MS });
    }
  }

  #leaseOf(id: string) {
    return this.#context.lease(`${CHAT}:${id}`);
  }

  #produce(upstream: ChatUpstream, record: RunRecord): LocalRun {
    const { runtime, hub, store, storeKind, options: { flushMs, orphanMs, maxEvents } } =
      this.#context;
    const { id } = record;
    const lease = this.#leaseOf(id);
    const run = new LocalRun({
      runtime,
      hub,
      upstream,
      topic: this.topicOf(record),
      lease,
      flushMs,
      appendIntervalMs: (ageMs) =>
        appendIntervalMs(ageMs, { storeKind, flushMs, openRuns: this.#local.size }),
      maxEvents,
      orphanMs,
      end: (end) => this.#runs.update(id, endRun(end)),
      isOpen: async () => (await this.#runs.get(id))?.end === null,
      isReadElsewhere: async () => await store.get(runReadersKey(id)) !== null,
      onRenewed: () => hub.keepOpen(REQUESTS, lease.ttlMs),
      onClosed: () => this.#local.delete(id),
    }, record);
    this.#local.set(id, run);
    return run;
  }

  /**
   * Ends an open run if no isolate holds its lease any more.
   *
   * @returns The run, and the delay of the next check.
   */
  async #checkProducer(record: RunRecord): Promise<{ record: RunRecord; nextMs: number | null }> {
    const { id } = record;
    if (record.end !== null || this.#local.has(id)) return { record, nextMs: null };
    const unleasedMs = unleasedMsOf(record, this.#context.runtime.clock.now());
    if (unleasedMs > 0) return { record, nextMs: unleasedMs };
    const claim = await this.#leaseOf(id).claim();
    if (!claim.isHeld) return { record, nextMs: claim.leftMs };
    return { record: await this.#runs.update(id, endRun(INTERRUPTED)), nextMs: null };
  }

  async #forceStop(id: string): Promise<void> {
    this.#stopping.delete(id);
    try {
      const record = await this.#runs.get(id);
      if (record === null || record.end !== null) return;
      await this.#leaseOf(id).seize(); // so that the producer appends nothing after the end
      await this.#runs.update(id, endRun({ type: "stopped" }));
    } catch (thrown) {
      const error = messageOf(thrown);
      this.#context.runtime.log.debug("a run was not stopped", { run: id, error });
    }
  }

  /** Runs while a run has subscribers on this isolate. */
  #onSubscribed(id: string): () => void {
    const local = this.#local.get(id);
    if (local === undefined) return this.#watch(id);
    let isSubscribed = true;
    let leave = local.addWindowReader();
    void local.closed.then(() => {
      // Its end is not stored, so it has none yet.
      if (isSubscribed && local.end === null) leave = this.#watch(id);
    });
    return () => {
      isSubscribed = false;
      leave();
    };
  }

  #watch(id: string): () => void {
    const { runtime, store, options: { orphanMs } } = this.#context;
    const check = async () => {
      const record = await this.#runs.get(id);
      return record && (await this.#checkProducer(record)).nextMs;
    };
    return watchRun({ runtime, store, orphanMs, check }, id);
  }
}

function isFull(thrown: unknown): boolean {
  return thrown instanceof Problem && thrown.code === "queue_full";
}
