/**
 * The chat of several isolates over one shared state, and an upstream that a test feeds.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { Topic } from "../../../lib/core/topic.ts";
import type { Hub } from "../../../lib/hub/hub.ts";
import type { SharedState } from "../../../lib/store/backend.ts";
import { StoreUnavailable } from "../../../lib/store/errors.ts";
import { createMemoryEventLog } from "../../../lib/store/memory/event_log.ts";
import { createMemoryLeases } from "../../../lib/store/memory/lease.ts";
import { createMemoryStore } from "../../../lib/store/memory/store.ts";
import type { ChatPart, Finish, RunEnd } from "../../../lib/topics/chat/part.ts";
import type { RunRecord } from "../../../lib/topics/chat/run.ts";
import type { RunFeed } from "../../../lib/topics/chat/run_feed.ts";
import { Chat } from "../../../lib/topics/chat/runs.ts";
import { Transcript } from "../../../lib/topics/chat/transcript.ts";
import type { ChatRequest, ChatUpstream } from "../../../lib/topics/chat/upstream.ts";
import { createTopicRegistry } from "../../../lib/topics/registry.ts";
import { type Client, createClient, createHubOver, settings } from "../../hub/support.ts";
import { createManualClock, type ManualClock } from "../../support/manual_clock.ts";
import { seededBy } from "../../support/seeded.ts";

const RETAIN_MS = 600_000;

/** The end of an answer that the model completed. */
export const FINISH: Finish = { kind: "finish", finishReason: "stop", usage: null };

/** Returns a part of text. */
export function text(content: string): ChatPart {
  return { kind: "text", text: content };
}

/** One request to the upstream. */
export interface UpstreamCall {
  readonly request: ChatRequest;
  readonly signal: AbortSignal;
  /** True if the answer goes on after its request was ended. */
  isStubborn: boolean;
  /** Produces parts, and the end of the stream after a null. */
  send(...parts: readonly (ChatPart | Finish | null)[]): void;
  fail(error: unknown): void;
}

/** Creates an upstream whose answers a test sends. */
export function createFakeUpstream(): ChatUpstream & { readonly calls: UpstreamCall[] } {
  const calls: UpstreamCall[] = [];
  return {
    calls,
    model: "fake-model",
    async *answer(request, signal) {
      const { readable, writable } = new TransformStream<ChatPart | Finish>(
        undefined,
        { highWaterMark: Infinity },
        { highWaterMark: Infinity },
      );
      const writer = writable.getWriter();
      const fail = (error: unknown) => void writer.abort(error).catch(() => {});
      writer.closed.catch(() => {});
      signal.addEventListener("abort", () => {
        if (!call.isStubborn) fail(signal.reason);
      });
      const call: UpstreamCall = {
        request,
        signal,
        isStubborn: false,
        fail,
        send(...parts) {
          for (const part of parts) {
            if (part === null) void writer.close().catch(() => {});
            else void writer.write(part).catch(() => {});
          }
        },
      };
      calls.push(call);
      yield* readable;
    },
  };
}

/** Everything that a reader of a feed has received. */
export interface FeedReader {
  readonly pieces: string[];
  readonly transcript: Transcript;
  end: RunEnd | "broken" | null;
  leave(): void;
}

/** Reads a feed. */
export function readFeed(feed: RunFeed): FeedReader {
  const transcript = new Transcript();
  transcript.add(feed.transcript.parts);
  const reader: FeedReader = { pieces: [], transcript, end: feed.end, leave: () => {} };
  if (feed.end !== null) return reader;
  reader.leave = feed.subscribe({
    onParts(parts) {
      transcript.add(parts);
      reader.pieces.push(
        parts.map((part) => part.kind === "text" ? part.text : part.kind).join("|"),
      );
    },
    onEnd: (end) => void (reader.end = end),
    onBroken: () => void (reader.end = "broken"),
  });
  return reader;
}

/** An isolate with its chat. */
export interface ChatIsolate extends AsyncDisposable {
  readonly chat: Chat;
  readonly upstream: ReturnType<typeof createFakeUpstream>;
  readonly lines: string[];
  /** True while its store does not answer. */
  isCut: boolean;
  /** True while its store executes appends, and their replies are lost. */
  losesReplies: boolean;
  /** True while it does not receive what other isolates ask of the producers of runs. */
  isDeaf: boolean;
  /** The time that a claim of a lease takes. */
  claimMs: number;
  /** The time that a read of the log takes. */
  readMs: number;
  readonly hub: Hub;
  /** Starts a run of a chat of ann's. */
  ask(options?: { chatId?: string; messageId?: string; owner?: string }): Promise<RunFeed>;
  /** Subscribes to the topic of a run, and reads on. */
  follow(topic: Topic, cursor?: string): Promise<Client>;
  /** Returns the newest run of a chat. */
  newest(chatId?: string, owner?: string): Promise<RunRecord>;
}

/** The shared state of isolates. */
export interface SharedChat {
  readonly clock: ManualClock;
  readonly state: SharedState;
  isolate(options?: Partial<{ orphanMs: number; maxRunsPerUser: number }>): ChatIsolate;
  /** Reads all events of a run from the log. */
  events(record: Pick<RunRecord, "id" | "chatId">): Promise<{ type: string; data: unknown }[]>;
}

/** The faults of an isolate's store. */
type StoreFaults = Pick<ChatIsolate, "isCut" | "losesReplies" | "isDeaf" | "claimMs" | "readMs">;

/** Returns a state with the faults of the moment. */
function faulty(state: SharedState, faults: () => StoreFaults, clock: ManualClock): SharedState {
  const guard = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, name, receiver) {
        const value = Reflect.get(object, name, receiver);
        if (typeof value !== "function" || name === "subscribe" || name === "onFree") return value;
        return async (...args: unknown[]) => {
          const { claimMs, readMs } = faults();
          const wait = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
          if (name === "claim" && claimMs > 0) await wait(claimMs);
          if (faults().isCut) throw new StoreUnavailable();
          const result = await value.apply(object, args);
          if (name === "after" && readMs > 0) await wait(readMs);
          if (name === "append" && faults().losesReplies) throw new StoreUnavailable();
          return result;
        };
      },
    });
  const log = guard(state.log);
  return {
    ...state,
    log: Object.assign(Object.create(log), {
      subscribe: () =>
        state.log.subscribe().pipeThrough(
          new TransformStream({
            transform(message, controller) {
              const topic = message.kind === "published" ? message.events[0]?.topic : undefined;
              if (topic !== "runs" || !faults().isDeaf) controller.enqueue(message);
            },
          }),
        ),
    }),
    store: guard(state.store),
    lease: (name) => guard(state.lease(name)),
  };
}

/** Creates a shared state without an isolate. */
export function createSharedChat(): SharedChat {
  const clock = createManualClock();
  const leases = createMemoryLeases(clock);
  const store = createMemoryStore(clock);
  const retention = { retainEvents: 1000, retainMs: RETAIN_MS };
  const log = createMemoryEventLog({ clock, random: () => 0.5 }, retention, { leases, store });
  let isolates = 0;

  function stateOf(isolate: string): SharedState {
    return {
      log,
      store,
      lease: (name) => leases.lease(name, isolate),
      health: {
        kind: "redis",
        isUp: true,
        commands: 0,
        check: () => Promise.resolve(true),
        onChange: () => () => {},
      },
    };
  }

  return {
    clock,
    state: stateOf("test"),
    isolate({ orphanMs = 60_000, maxRunsPerUser = 4 } = {}) {
      const number = ++isolates;
      const own = faulty(stateOf(`isolate ${number}`), () => isolate, clock);
      const { hub, [Symbol.asyncDispose]: close } = createHubOver(
        clock,
        own,
        settings({ retainMs: RETAIN_MS }),
      );
      const random = seededBy(number);
      const lines: string[] = [];
      const write = (message: string, fields?: unknown) =>
        void lines.push(`${message} ${JSON.stringify(fields)}`);
      const upstream = createFakeUpstream();
      const chat = new Chat({
        runtime: {
          clock,
          random: () => random.below(2 ** 32) / 2 ** 32,
          log: {
            debug: write,
            info: write,
            warn: write,
            error: write,
          },
        },
        hub,
        store: own.store,
        lease: own.lease,
        storeKind: own.health.kind,
        registry: createTopicRegistry(),
        retainMs: RETAIN_MS,
        maxEventBytes: 65_536,
        upstream,
        options: { flushMs: 100, orphanMs, maxRunsPerUser, maxEvents: 1000, isDemo: false },
      });
      let turns = 0;
      const isolate: ChatIsolate = {
        chat,
        upstream,
        lines,
        isCut: false,
        losesReplies: false,
        isDeaf: false,
        claimMs: 0,
        readMs: 0,
        hub,
        async ask({ chatId = "c", messageId = `${number}-${++turns}`, owner = "ann" } = {}) {
          const messages = [{ role: "user" as const, text: "the question" }];
          const input = { messages, tools: [], messageId, clientRunId: undefined };
          const feed = await chat.start({ owner, share: owner, chatId, input });
          await clock.advance(0);
          return feed;
        },
        async follow(topic, cursor) {
          const client = createClient(
            await hub.subscribe({ filters: [{ topic, tags: null }], cursor }),
          ).live();
          await clock.advance(0);
          return client;
        },
        async newest(chatId = "c", owner = "ann") {
          const record = await chat.newest(owner, chatId);
          assert(record, "there is no run");
          return record;
        },
        async [Symbol.asyncDispose]() {
          Object.assign(isolate, { isCut: false, losesReplies: false, claimMs: 0, readMs: 0 });
          await chat.drain();
          await close();
        },
      };
      return isolate;
    },
    async events({ id }) {
      const topic: Topic = {
        name: `chat/${id}`,
        kind: "log",
        events: {},
        access: "owned",
        metricKind: "chat",
      };
      const { events } = await log.latest(topic, 10_000_000);
      return events.map(({ type, json }) => ({ type, data: JSON.parse(json) }));
    },
  };
}
