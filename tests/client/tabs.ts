/**
 * A simulated browser with tabs, and its server.
 *
 * @module
 */
import { z } from "zod";
import { createSharedConnection } from "../../lib/client/client/shared_connection.js";
import type {
  BrowserRuntime,
  ConnectionState,
  LifecycleEvent,
  LiveEvent,
  LiveFeed,
  TabChannel,
} from "../../lib/client/client/types.js";
import { createManualClock } from "../support/manual_clock.ts";

/** One tab under test. */
export interface Tab {
  readonly feed: LiveFeed;
  /** The events that its page received. */
  readonly events: LiveEvent[];
  readonly states: ConnectionState[];
  /** Ends without notice. */
  crash(): void;
  /** Stops running without a lifecycle event. */
  freeze(): void;
  thaw(): void;
  hide(): void;
  show(): void;
  wake(why: LifecycleEvent): void;
}

interface Claim {
  readonly tab: string;
  readonly grant: () => Promise<unknown>;
  readonly settle: (outcome: { value: unknown } | { error: unknown }) => void;
}

/** Creates Web Locks: one holder and a queue. */
function createLocks() {
  let holder: Claim | undefined;
  let queue: Claim[] = [];

  function next(): void {
    if (holder) return;
    const claim = holder = queue.shift();
    if (!claim) return;
    const end = (outcome: Parameters<Claim["settle"]>[0]) => {
      claim.settle(outcome);
      if (holder !== claim) return;
      holder = undefined;
      next();
    };
    claim.grant().then((value) => end({ value }), (error) => end({ error }));
  }

  return {
    get isHeld() {
      return holder !== undefined || queue.length > 0;
    },
    /** Releases the locks and claims of a tab that has ended. */
    drop(tab: string): void {
      queue = queue.filter((each) => each.tab !== tab);
      if (holder?.tab === tab) holder = undefined;
      next();
    },
    of(tab: string): NonNullable<BrowserRuntime["locks"]> {
      function request(
        _name: string,
        options: LockOptions | LockGrantedCallback<unknown>,
        granted?: LockGrantedCallback<unknown>,
      ): Promise<unknown> {
        const { promise, resolve, reject } = Promise.withResolvers<unknown>();
        if (typeof options === "function" || !granted) throw new TypeError("Options are needed");
        const claim: Claim = {
          tab,
          grant: () => Promise.resolve().then(() => granted(null)),
          settle: (outcome) => "error" in outcome ? reject(outcome.error) : resolve(outcome.value),
        };
        if (options.steal) {
          holder?.settle({ error: new DOMException("It was stolen", "AbortError") });
          holder = undefined;
          queue.unshift(claim);
        } else queue.push(claim);
        options.signal?.addEventListener("abort", () => {
          if (!queue.includes(claim)) return;
          queue = queue.filter((each) => each !== claim);
          reject(new DOMException("It was aborted", "AbortError"));
        });
        next();
        return promise;
      }
      return { request };
    },
  };
}

/** The tab of a connection. */
interface ConnectionTab {
  isFrozen(): boolean;
  onCrash(run: () => void): void;
}

/** Creates a server with a log: a connection receives the events after its cursor; without one, a snapshot. */
function createServer() {
  const log: LiveEvent[] = [];
  const feeds = new Set<(event: LiveEvent) => void>();
  const opened: string[] = [];
  const urls: string[] = [];
  const tellers = new Set<(kind: ConnectionState["kind"]) => void>();
  const movers = new Set<(id: string) => void>();
  let reconnects = 0;

  function open(
    { isFrozen, onCrash }: ConnectionTab,
    from: { cursor: string; url?: string },
  ): LiveFeed {
    const [listeners, watchers] = [
      new Set<(event: LiveEvent) => void>(),
      new Set<(state: ConnectionState) => void>(),
    ];
    let { cursor } = from;
    let state: ConnectionState = { ...CONNECTING };
    opened.push(cursor);
    if (from.url) urls.push(from.url);
    const waiting: LiveEvent[] = [];

    function deliver(event: LiveEvent): void {
      waiting.push(event);
      if (isFrozen()) return;
      for (const each of waiting.splice(0)) {
        cursor = each.id || cursor;
        for (const listener of listeners) listener(each);
      }
    }
    let isOpen = true;
    function become(kind: ConnectionState["kind"]): void {
      state = { ...state, kind, reason: kind };
      for (const watch of watchers) watch(state);
    }
    tellers.add(become);
    const move = (id: string) => void (cursor = id);
    movers.add(move);
    function close(): void {
      isOpen = false;
      tellers.delete(become);
      movers.delete(move);
      feeds.delete(deliver);
    }
    onCrash(close);
    queueMicrotask(() => {
      if (!isOpen) return;
      const [known, head] = [[...log], log.at(-1)];
      feeds.add(deliver);
      state = { ...CONNECTING, kind: "live", transport: "source", reason: "Connected." };
      for (const watch of watchers) watch(state);
      if (cursor) {
        for (const event of known) if (number(event.id) > number(cursor)) deliver(event);
      } else if (head) deliver({ type: "snapshot", data: snapshotOf(known), id: head.id });
    });
    return {
      subscribe(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      state: () => state,
      onState(watch) {
        watchers.add(watch);
        return () => void watchers.delete(watch);
      },
      cursor: () => cursor,
      reconnect: () => void reconnects++,
      setUrl: (url) => void urls.push(url),
      close,
    };
  }

  return {
    open,
    /** The cursors of opened connections. */
    opened,
    /** The URLs that connections were moved to. */
    urls,
    get reconnects() {
      return reconnects;
    },
    get connections() {
      return feeds.size;
    },
    /** Sets the state of all connections. */
    become(kind: ConnectionState["kind"]): void {
      for (const tell of tellers) tell(kind);
    },
    /** Moves the cursor of all connections without an event, as a heartbeat or a poll does. */
    move(id: string): void {
      for (const each of movers) each(id);
    },
    /** Returns the id. */
    publish(type: string, data: unknown): string {
      const event = { type, data, id: `1700000000000-${log.length + 1}` };
      log.push(event);
      for (const deliver of feeds) deliver(event);
      return event.id;
    },
  };
}

const CONNECTING: ConnectionState = {
  kind: "connecting",
  transport: null,
  reason: "Connecting.",
  nextTryAt: null,
  failures: 0,
  lagMs: 0,
  isShared: false,
};

const number = (id: string): number => Number(id.split("-")[1]);

function snapshotOf(log: readonly LiveEvent[]) {
  const quotes = new Map<string, unknown>();
  for (const { type, data } of log) {
    if (type === "quote") quotes.set(z.object({ symbol: z.string() }).parse(data).symbol, data);
  }
  return { quotes: [...quotes.values()], status: [] };
}

/** Creates a browser with its server. */
export function createBrowser() {
  const clock = createManualClock();
  const locks = createLocks();
  const server = createServer();
  const channels = new Set<{ readonly tab: string; hear(message: unknown): void }>();
  let tabs = 0;

  function createChannel(
    tab: string,
    isFrozen: () => boolean,
    backlog: (() => void)[],
  ): TabChannel {
    const channel: TabChannel = {
      onmessage: null,
      postMessage(message) {
        const data = structuredClone(message);
        for (const each of channels) if (each !== own) queueMicrotask(() => each.hear(data));
      },
      close: () => void channels.delete(own),
    };
    const own = {
      tab,
      hear(data: unknown) {
        function hand(): void {
          if (!channels.has(own) || !channel.onmessage) return;
          Reflect.apply(channel.onmessage, channel, [new MessageEvent("message", { data })]);
        }
        if (isFrozen()) backlog.push(hand);
        else hand();
      },
    };
    channels.add(own);
    return channel;
  }

  return {
    clock,
    server,
    locks,
    get channels() {
      return channels.size;
    },
    /** Posts a message to all tabs, as another tab does. */
    post(message: unknown): void {
      for (const each of channels) each.hear(message);
    },
    openTab({ cursor = "", isHidden = false } = {}): Tab {
      const name = String(tabs++);
      let isFrozen = false;
      const crashes = new Set<() => void>();
      const listeners = new Set<(why: LifecycleEvent) => void>();
      const backlog: (() => void)[] = [];
      const timers = new Set<() => void>();
      const wake = (why: LifecycleEvent) => listeners.forEach((each) => each(why));
      const runtime: BrowserRuntime = {
        now: clock.now,
        wallClock: clock.now,
        baseUrl: undefined,
        report(error) {
          throw error;
        },
        after(ms, run) {
          const off = clock.after(ms, () => {
            timers.delete(off);
            if (isFrozen) backlog.push(run);
            else run();
          });
          timers.add(off);
          return () => {
            timers.delete(off);
            off();
          };
        },
        random: () => tabs / 1000,
        fetch: () => Promise.reject(new Error("The test used the network")),
        EventSource: undefined,
        isHidden: () => isHidden,
        isOnline: () => true,
        onLifecycleEvent(listener) {
          listeners.add(listener);
          return () => void listeners.delete(listener);
        },
        locks: locks.of(name),
        openChannel: () => createChannel(name, () => isFrozen, backlog),
      };
      const feed = createSharedConnection(
        "quotes",
        (from) =>
          server.open({ isFrozen: () => isFrozen, onCrash: (run) => crashes.add(run) }, from),
        runtime,
        cursor,
      );
      const [events, states]: [LiveEvent[], ConnectionState[]] = [[], []];
      feed.subscribe((event) => void events.push(event));
      feed.onState((state) => void states.push(state));
      return {
        feed,
        events,
        states,
        crash() {
          isFrozen = true;
          for (const run of crashes) run();
          for (const off of timers) off();
          for (const each of channels) if (each.tab === name) channels.delete(each);
          locks.drop(name);
        },
        freeze: () => isFrozen = true,
        thaw() {
          isFrozen = false;
          for (const run of backlog.splice(0)) run();
        },
        hide() {
          isHidden = true;
          wake("hidden");
        },
        show() {
          isHidden = false;
          wake("visible");
        },
        wake,
      };
    },
  };
}
