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

/** One request of the client, which the test answers. */
export interface ClientRequest {
  readonly transport: "eventsource" | "fetch" | "poll";
  readonly url: URL;
  /** True until the client cancels the request, or the test completes or cuts it. */
  readonly isOpen: boolean;
  readonly withCredentials: boolean;
  /** The `last_event_id` of the URL. */
  readonly cursor: string | null;
  /** Sends a frame. `retryMs` is sent over fetch only, because EventSource does not expose it. */
  send(type: string, data: unknown, id?: string, retryMs?: number): void;
  /** Sends `sync`, which honours the cursor of the request unless `fields` say otherwise. */
  sync(id?: string, fields?: Record<string, unknown>): void;
  /** Cuts the connection, or fails the request. */
  cut(): void;
  /** Responds with a status and a problem. EventSource exposes neither. */
  refuse(status: number, detail?: string, headers?: HeadersInit): void;
  /** Responds with JSON, which EventSource refuses. */
  respond(body: unknown, headers?: HeadersInit): void;
}

/** The `readyState` of a closed EventSource. */
const CLOSED = 2;

/** An EventSource that a test controls. */
class FakeEventSource implements EventSourceLike {
  readonly CONNECTING = 0;
  onerror: EventSourceLike["onerror"] = null;
  readyState = 0;
  readonly #listeners = new Map<string, (event: MessageEvent) => void>();
  #lastEventId = "";

  addEventListener(type: string, listener: (event: MessageEvent) => void): void {
    this.#listeners.set(type, listener);
  }

  /** Dispatches a frame. The event of a frame without an id has the last id, as in a browser. */
  receive(type: string, data: string, id?: string): void {
    if (this.readyState === CLOSED) return;
    this.#lastEventId = id ?? this.#lastEventId;
    const lastEventId = this.#lastEventId;
    this.#listeners.get(type)?.(new MessageEvent(type, { data, lastEventId }));
  }

  /** Fails as in a browser, which would reconnect if it is CONNECTING afterwards. A refused one is CLOSED. */
  fail(readyState: 0 | typeof CLOSED): void {
    if (this.readyState === CLOSED) return;
    this.readyState = readyState;
    this.onerror?.(new Event("error"));
  }

  close(): void {
    this.readyState = CLOSED;
  }
}

/** Creates a page on a manual clock, whose requests wait for the test. */
export function createWire({ hasEventSource = true } = {}) {
  const clock = createManualClock();
  const requests: ClientRequest[] = [];
  const reported: unknown[] = [];
  const lifecycleListeners = new Set<(event: LifecycleEvent) => void>();
  const page = {
    isHidden: false,
    isOnline: true,
    /** The time by which timers that are set from now on are late. */
    lateMs: 0,
    random: () => 0.5,
  };
  let handleRequest = (_: ClientRequest): void => {};

  /** Records a request. It is handled later, because a browser delivers nothing while a transport is being opened. */
  function receive(request: ClientRequest): void {
    requests.push(request);
    queueMicrotask(() => handleRequest(request));
  }

  /** Creates the members that all transports share. */
  function commonMembers(
    url: URL,
    send: ClientRequest["send"],
  ): Pick<ClientRequest, "url" | "cursor" | "send" | "sync"> {
    const cursor = url.searchParams.get("last_event_id");
    return {
      url,
      cursor,
      send,
      sync: (id, fields) =>
        send("sync", {
          resumed: cursor !== null,
          gap: false,
          heartbeat_ms: 15_000,
          server_time: clock.now(),
          ...fields,
        }, id),
    };
  }

  class RequestingEventSource extends FakeEventSource {
    constructor(url: URL, { withCredentials }: { withCredentials: boolean }) {
      super();
      const isOpen = () => this.readyState !== CLOSED;
      receive({
        ...commonMembers(url, (type, data, id) => this.receive(type, JSON.stringify(data), id)),
        transport: "eventsource",
        withCredentials,
        get isOpen() {
          return isOpen();
        },
        cut: () => this.fail(0),
        refuse: () => this.fail(CLOSED),
        respond: () => this.fail(CLOSED),
      });
    }
  }

  const fetchFromTest: typeof fetch = (input, init = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const { signal } = init;
    let body: ReadableStreamDefaultController<Uint8Array> | undefined;
    let isOpen = true;

    /** Ends a stream, cleanly without an error. Rejects a request without a response. */
    function end(error?: unknown): void {
      if (!isOpen) return;
      isOpen = false;
      reject(error ?? new TypeError("Cannot connect"));
      if (error) body?.error(error);
      else body?.close();
    }
    signal?.addEventListener("abort", () => end(signal.reason));
    if (signal?.aborted) end(signal.reason);

    /** Writes into the body of a stream. The first text responds to the request. */
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

    function complete(response: Response): void {
      isOpen = false;
      resolve(response);
    }

    const isStream = new Headers(init.headers).get("accept") === "text/event-stream";
    receive({
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
        complete(
          status === 204
            ? new Response(null, { status })
            : Response.json({ detail }, { status, ...headers && { headers } }),
        ),
      respond: (json, headers) => complete(Response.json(json, headers && { headers })),
    });
    return promise;
  };

  const runtime: BrowserRuntime = {
    now: clock.now,
    elapsed: clock.elapsed,
    after: (ms, run) => clock.after(ms + page.lateMs, run),
    random: () => page.random(),
    fetch: fetchFromTest,
    EventSource: hasEventSource ? RequestingEventSource : undefined,
    baseUrl: "https://page.test/sub/page.html",
    isHidden: () => page.isHidden,
    isOnline: () => page.isOnline,
    onLifecycleEvent(listener) {
      lifecycleListeners.add(listener);
      return () => void lifecycleListeners.delete(listener);
    },
    locks: undefined,
    openChannel: () => undefined,
    report: (error) => void reported.push(error),
  };

  function dispatchLifecycle(event: LifecycleEvent): void {
    for (const listener of lifecycleListeners) listener(event);
  }

  return {
    clock,
    runtime,
    page,
    requests,
    reported,
    dispatchLifecycle,
    /** Returns the open requests. */
    open: () => requests.filter(({ isOpen }) => isOpen),
    /** Returns the newest request. */
    last(): ClientRequest {
      const request = requests.at(-1);
      if (!request) throw new Error("There is no request");
      return request;
    },
    /** The number of lifecycle listeners. */
    get listeners() {
      return lifecycleListeners.size;
    },
    hide() {
      page.isHidden = true;
      dispatchLifecycle("hidden");
    },
    show() {
      page.isHidden = false;
      dispatchLifecycle("visible");
    },
    /** Sets the network up or down. */
    setOnline(isOnline: boolean) {
      page.isOnline = isOnline;
      dispatchLifecycle(isOnline ? "online" : "offline");
    },
    /** Sets the handler of all requests from now on. */
    serve(handler: (request: ClientRequest) => void) {
      handleRequest = handler;
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
export async function createLive(
  options: Partial<ConnectOptions> = {},
  browser: Parameters<typeof createWire>[0] = {},
) {
  const wire = createWire(browser);
  const connected = await wire.connect(options);
  wire.last().sync("5-0", { resumed: false });
  await wire.clock.advance(0);
  return { wire, ...connected };
}
