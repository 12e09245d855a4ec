/**
 * A page and its network, both controlled by a test.
 *
 * @module
 */
import { createConnection } from "../../lib/client/client/connection.js";
import type {
  BrowserRuntime,
  ConnectionState,
  ConnectOptions,
  EventSourceLike,
  LifecycleEvent,
  LiveEvent,
} from "../../lib/client/client/types.js";
import { createManualClock } from "../support/manual_clock.ts";

/** One request of the client, as the server sees it. */
export interface Call {
  readonly transport: "source" | "fetch" | "poll";
  readonly url: URL;
  /** True until the client cancels it or the test ends it. */
  readonly isOpen: boolean;
  readonly withCredentials: boolean;
  /** The client's cursor. */
  readonly cursor: string | null;
  /** Writes a frame. */
  send(type: string, data: unknown, id?: string, retryMs?: number): void;
  /** Sends `sync`, which honours a cursor, with more fields if given. */
  sync(id?: string, more?: Record<string, unknown>): void;
  /** Cuts the connection, or fails the request. */
  cut(): void;
  /** Answers with a status and a problem. */
  refuse(status: number, detail?: string, headers?: HeadersInit): void;
  /** Answers with JSON. */
  answer(body: unknown, headers?: HeadersInit): void;
}

const CLOSED = 2;

/** An EventSource that a test controls. */
class FakeSource implements EventSourceLike {
  readonly CONNECTING = 0;
  onerror: EventSourceLike["onerror"] = null;
  readyState = 0;
  readonly #listeners = new Map<string, (event: MessageEvent) => void>();
  #lastEventId = "";

  addEventListener(type: string, listener: (event: MessageEvent) => void): void {
    this.#listeners.set(type, listener);
  }

  /** Receives a frame of a registered type. A frame without an id repeats the last one. */
  receive(type: string, data: string, id?: string): void {
    if (this.readyState === CLOSED) return;
    this.#lastEventId = id ?? this.#lastEventId;
    const lastEventId = this.#lastEventId;
    this.#listeners.get(type)?.(new MessageEvent(type, { data, lastEventId }));
  }

  /** Fails as in a browser: CONNECTING if it would reconnect, CLOSED after a refusal. */
  fail(readyState: 0 | 2): void {
    if (this.readyState === CLOSED) return;
    this.readyState = readyState;
    this.onerror?.(new Event("error"));
  }

  close(): void {
    this.readyState = CLOSED;
  }
}

/** Creates a page with a manual clock. */
export function createWire({ hasSource = true } = {}) {
  const clock = createManualClock();
  const calls: Call[] = [];
  const reported: unknown[] = [];
  const listeners = new Set<(why: LifecycleEvent) => void>();
  const page = {
    isHidden: false,
    isOnline: true,
    /** The wall clock minus the monotonic clock. */
    wallAheadMs: 0,
    /** The delay of timers set from now on. */
    lateMs: 0,
    random: () => 0.5,
  };
  let answerer = (_: Call): void => {};

  function take(call: Call): void {
    calls.push(call);
    queueMicrotask(() => answerer(call));
  }

  /** Creates the members that all transports share. */
  function commonMembers(
    url: URL,
    send: Call["send"],
  ): Pick<Call, "url" | "cursor" | "send" | "sync"> {
    const cursor = url.searchParams.get("last_event_id");
    return {
      url,
      cursor,
      send,
      sync: (id, more) =>
        send("sync", {
          resumed: cursor !== null,
          gap: false,
          heartbeat_ms: 15_000,
          server_time: clock.now(),
          ...more,
        }, id),
    };
  }

  class BrowserSource extends FakeSource {
    constructor(url: URL, { withCredentials }: { withCredentials: boolean }) {
      super();
      const isOpen = () => this.readyState !== CLOSED;
      take({
        ...commonMembers(url, (type, data, id) => this.receive(type, JSON.stringify(data), id)),
        transport: "source",
        withCredentials,
        get isOpen() {
          return isOpen();
        },
        cut: () => this.fail(0),
        refuse: () => this.fail(CLOSED),
        answer: () => this.fail(CLOSED),
      });
    }
  }

  const request: typeof fetch = (input, init = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const { signal } = init;
    let body: ReadableStreamDefaultController<Uint8Array> | undefined;
    let isOpen = true;
    function end(error?: unknown): void {
      if (!isOpen) return;
      isOpen = false;
      reject(error ?? new TypeError("Cannot connect"));
      if (error) body?.error(error);
      else body?.close();
    }
    signal?.addEventListener("abort", () => end(signal.reason));
    if (signal?.aborted) end(signal.reason);
    function write(text: string): void {
      if (!isOpen) return;
      resolve(
        new Response(
          new ReadableStream<Uint8Array>({
            start(controller) {
              body ??= controller;
            },
          }),
        ),
      );
      body?.enqueue(new TextEncoder().encode(text));
    }
    function respond(response: Response): void {
      isOpen = false;
      resolve(response);
    }
    const isStream = new Headers(init.headers).get("accept") === "text/event-stream";
    take({
      ...commonMembers(new URL(String(input)), (type, data, id, retryMs) => {
        const idLine = id === undefined ? "" : `id: ${id}\n`;
        const retryLine = retryMs === undefined ? "" : `retry: ${retryMs}\n`;
        write(`${retryLine}event: ${type}\n${idLine}data: ${JSON.stringify(data)}\n\n`);
      }),
      transport: isStream ? "fetch" : "poll",
      withCredentials: init.credentials === "include",
      get isOpen() {
        return isOpen;
      },
      cut: () => end(),
      refuse: (status, detail, headers) =>
        respond(
          status === 204
            ? new Response(null, { status })
            : Response.json({ detail }, { status, ...headers && { headers } }),
        ),
      answer: (json, headers) => respond(Response.json(json, headers && { headers })),
    });
    return promise;
  };

  const runtime: BrowserRuntime = {
    now: clock.now,
    wallClock: () => clock.now() + page.wallAheadMs,
    after: (ms, run) => clock.after(ms + page.lateMs, run),
    random: () => page.random(),
    fetch: request,
    EventSource: hasSource ? BrowserSource : undefined,
    baseUrl: "https://page.test/sub/page.html",
    isHidden: () => page.isHidden,
    isOnline: () => page.isOnline,
    onLifecycleEvent(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    locks: undefined,
    openChannel: () => undefined,
    report: (error) => void reported.push(error),
  };

  function wake(why: LifecycleEvent): void {
    for (const listener of listeners) listener(why);
  }

  return {
    clock,
    runtime,
    page,
    calls,
    reported,
    wake,
    /** Returns the open requests. */
    open: () => calls.filter(({ isOpen }) => isOpen),
    /** Returns the newest request. */
    last(): Call {
      const call = calls.at(-1);
      if (!call) throw new Error("There is no request");
      return call;
    },
    /** The number of lifecycle listeners. */
    get listeners() {
      return listeners.size;
    },
    hide() {
      page.isHidden = true;
      wake("hidden");
    },
    show() {
      page.isHidden = false;
      wake("visible");
    },
    /** Sets the network up or down. */
    setOnline(isOnline: boolean) {
      page.isOnline = isOnline;
      wake(isOnline ? "online" : "offline");
    },
    /** Answers all requests from now on. */
    serve(answer: (call: Call) => void) {
      answerer = answer;
    },
    /** Connects and records events and states. */
    async connect(options: Partial<ConnectOptions> = {}) {
      const feed = createConnection(
        { url: "https://edge.test", topics: ["quotes"], ...options },
        runtime,
      );
      const [events, states]: [LiveEvent[], ConnectionState[]] = [[], []];
      feed.subscribe((event) => void events.push(event));
      feed.onState((state) => void states.push(state));
      await clock.advance(0);
      return { feed, events, states };
    },
  };
}

/** Creates a page whose first connection is open, at id 5-0. */
export async function createLive(options: Partial<ConnectOptions> = {}, kind = {}) {
  const wire = createWire(kind);
  const connected = await wire.connect(options);
  wire.last().sync("5-0", { resumed: false });
  await wire.clock.advance(0);
  return { wire, ...connected };
}
