/**
 * A simulated browser with tabs, and its server.
 *
 * @module
 */
import { z } from "zod";
import { createSharedConnection } from "../../lib/client/client/shared_connection.js";
import { IDLE_STATE } from "../../lib/client/client/state.js";
import type {
  BrowserRuntime,
  ConnectionState,
  LifecycleEvent,
  LiveConnection,
  LiveEvent,
  TabChannel,
} from "../../lib/client/client/types.js";
import { createManualClock } from "../support/manual_clock.ts";

/** One tab under test. */
export interface Tab {
  readonly feed: LiveConnection;
  /** The events that the tab has received. */
  readonly events: LiveEvent[];
  readonly states: ConnectionState[];
  /** Ends the tab without a lifecycle event. */
  crash(): void;
  /** Stops the tab without a lifecycle event, as a browser does to save power. */
  freeze(): void;
  /** Continues a frozen tab, whose timers and messages are then due. */
  thaw(): void;
  hide(): void;
  show(): void;
  dispatchLifecycle(event: LifecycleEvent): void;
}

/** One request of a lock. */
interface LockClaim {
  readonly tab: string;
  /** Calls the holder's callback. The lock is held until the promise settles. */
  readonly grant: () => Promise<unknown>;
  readonly settle: (outcome: { value: unknown } | { error: unknown }) => void;
}

/** Creates Web Locks of one name: one holder and a queue. */
function createLocks() {
  let holder: LockClaim | undefined;
  let queue: LockClaim[] = [];

  function grantNext(): void {
    if (holder) return;
    const claim = holder = queue.shift();
    if (!claim) return;
    const release = (outcome: Parameters<LockClaim["settle"]>[0]) => {
      claim.settle(outcome);
      if (holder !== claim) return; // It was stolen.
      holder = undefined;
      grantNext();
    };
    claim.grant().then((value) => release({ value }), (error) => release({ error }));
  }

  return {
    get isHeld() {
      return holder !== undefined || queue.length > 0;
    },
    /** Releases the lock and the claims of a tab that has ended. */
    releaseAll(tab: string): void {
      queue = queue.filter((claim) => claim.tab !== tab);
      if (holder?.tab === tab) holder = undefined;
      grantNext();
    },
    /** Creates the lock manager of a tab. */
    createManager(tab: string): NonNullable<BrowserRuntime["locks"]> {
      function request(
        _name: string,
        options: LockOptions | LockGrantedCallback<unknown>,
        onGranted?: LockGrantedCallback<unknown>,
      ): Promise<unknown> {
        const { promise, resolve, reject } = Promise.withResolvers<unknown>();
        if (typeof options === "function" || !onGranted) throw new TypeError("Options are needed");
        const claim: LockClaim = {
          tab,
          grant: () => Promise.resolve().then(() => onGranted(null)),
          settle: (outcome) => "error" in outcome ? reject(outcome.error) : resolve(outcome.value),
        };
        if (options.steal) {
          holder?.settle({ error: new DOMException("It was stolen", "AbortError") });
          holder = undefined;
          queue.unshift(claim);
        } else queue.push(claim);
        options.signal?.addEventListener("abort", () => {
          if (!queue.includes(claim)) return;
          queue = queue.filter((queued) => queued !== claim);
          reject(new DOMException("It was aborted", "AbortError"));
        });
        grantNext();
        return promise;
      }
      return { request };
    },
  };
}

/** The tab that opens a connection. */
interface ConnectingTab {
  isFrozen(): boolean;
  onCrash(run: () => void): void;
}

/** A connection, as its server controls it. */
interface ServerConnection {
  /** False until the server has accepted the connection. */
  isAccepted: boolean;
  deliver(event: LiveEvent): void;
  setKind(kind: ConnectionState["kind"]): void;
  setCursor(id: string): void;
}

/** Creates a server with a log: a connection receives the events after its cursor; without one, a snapshot. */
function createServer() {
  const log: LiveEvent[] = [];
  const connections = new Set<ServerConnection>();
  const opened: string[] = [];
  const urls: string[] = [];
  let reconnects = 0;

  function open(
    { isFrozen, onCrash }: ConnectingTab,
    options: { cursor: string; url?: string },
  ): LiveConnection {
    const eventListeners = new Set<(event: LiveEvent) => void>();
    const stateListeners = new Set<(state: ConnectionState) => void>();
    /** Events that the frozen tab has not read. */
    const unread: LiveEvent[] = [];
    let { cursor } = options;
    let state: ConnectionState = IDLE_STATE;
    opened.push(cursor);
    if (options.url) urls.push(options.url);

    function setState(changes: Partial<ConnectionState>): void {
      state = { ...state, ...changes };
      for (const listener of stateListeners) listener(state);
    }

    const connection: ServerConnection = {
      isAccepted: false,
      deliver(event) {
        unread.push(event);
        if (isFrozen()) return;
        for (const nextEvent of unread.splice(0)) {
          cursor = nextEvent.id || cursor;
          for (const listener of eventListeners) listener(nextEvent);
        }
      },
      setKind: (kind) => setState({ kind, reason: kind }),
      setCursor: (id) => void (cursor = id),
    };
    connections.add(connection);
    const close = () => void connections.delete(connection);
    onCrash(close);

    queueMicrotask(() => {
      if (!connections.has(connection)) return;
      const events = [...log];
      const head = log.at(-1);
      connection.isAccepted = true;
      setState({ kind: "live", transport: "eventsource", reason: "Connected." });
      if (cursor) {
        const start = sequenceNumber(cursor);
        for (const event of events) if (sequenceNumber(event.id) > start) connection.deliver(event);
      } else if (head) {
        connection.deliver({ type: "snapshot", data: createSnapshot(events), id: head.id });
      }
    });

    return {
      subscribe(listener) {
        eventListeners.add(listener);
        return () => void eventListeners.delete(listener);
      },
      state: () => state,
      onState(listener) {
        stateListeners.add(listener);
        return () => void stateListeners.delete(listener);
      },
      cursor: () => cursor,
      reconnect: () => void reconnects++,
      setUrl: (url) => void urls.push(url),
      close,
    };
  }

  return {
    open,
    /** The cursors with which connections were opened. */
    opened,
    /** The URLs that connections were opened at or moved to. */
    urls,
    get reconnects() {
      return reconnects;
    },
    /** The number of accepted connections. */
    get connections() {
      return [...connections].filter(({ isAccepted }) => isAccepted).length;
    },
    /** Sets the state of all connections. */
    setKind(kind: ConnectionState["kind"]): void {
      for (const connection of connections) connection.setKind(kind);
    },
    /** Moves the cursor of all connections without an event, as a heartbeat or a poll does. */
    moveCursor(id: string): void {
      for (const connection of connections) connection.setCursor(id);
    },
    /** Appends an event to the log and delivers it. Returns its id. */
    publish(type: string, data: unknown): string {
      const event = { type, data, id: idOf(log.length + 1) };
      log.push(event);
      for (const connection of connections) if (connection.isAccepted) connection.deliver(event);
      return event.id;
    },
  };
}

/** Returns the id of the nth event of the log. */
export function idOf(n: number): string {
  return `1700000000000-${n}`;
}

/** Returns the place of an event in the log, from 1. */
const sequenceNumber = (id: string): number => Number(id.split("-")[1]);

/** Creates the data of a snapshot: the last quote of each symbol. */
function createSnapshot(events: readonly LiveEvent[]) {
  const quotes = new Map<string, unknown>();
  for (const { type, data } of events) {
    if (type === "quote") quotes.set(z.object({ symbol: z.string() }).parse(data).symbol, data);
  }
  return { quotes: [...quotes.values()], status: [] };
}

/** One tab's end of the channel that all tabs share. */
interface ChannelPort {
  readonly tab: string;
  receive(message: unknown): void;
}

/** Creates a browser with its server. */
export function createBrowser() {
  const clock = createManualClock();
  const locks = createLocks();
  const server = createServer();
  const ports = new Set<ChannelPort>();
  let tabCount = 0;

  /** Opens a tab's end of the channel. @param run Runs a task of the tab, later if the tab is frozen. */
  function openChannel(tab: string, run: (task: () => void) => void): TabChannel {
    const channel: TabChannel = {
      onmessage: null,
      postMessage(message) {
        const data = structuredClone(message);
        for (const other of ports) if (other !== port) queueMicrotask(() => other.receive(data));
      },
      close: () => void ports.delete(port),
    };
    const port: ChannelPort = {
      tab,
      receive(data) {
        run(() => {
          if (!ports.has(port) || !channel.onmessage) return;
          Reflect.apply(channel.onmessage, channel, [new MessageEvent("message", { data })]);
        });
      },
    };
    ports.add(port);
    return channel;
  }

  return {
    clock,
    server,
    locks,
    /** The number of open channels. */
    get channels() {
      return ports.size;
    },
    /** Posts a message to all tabs, as another tab does. */
    post(message: unknown): void {
      for (const port of ports) port.receive(message);
    },
    /** Opens a tab, which shares its connection with the others. */
    openTab({ cursor = "", isHidden = false } = {}): Tab {
      const tabNumber = tabCount++;
      const name = String(tabNumber);
      let isFrozen = false;
      /** Tasks that are due when the tab is thawed. */
      const deferredTasks: (() => void)[] = [];
      const crashListeners = new Set<() => void>();
      const lifecycleListeners = new Set<(event: LifecycleEvent) => void>();
      const timers = new Set<() => void>();

      function run(task: () => void): void {
        if (isFrozen) deferredTasks.push(task);
        else task();
      }

      function dispatchLifecycle(event: LifecycleEvent): void {
        for (const listener of lifecycleListeners) listener(event);
      }

      const runtime: BrowserRuntime = {
        now: clock.now,
        elapsed: clock.elapsed,
        baseUrl: undefined,
        report(error) {
          throw error;
        },
        after(ms, task) {
          const cancel = clock.after(ms, () => {
            timers.delete(cancel);
            run(task);
          });
          timers.add(cancel);
          return () => {
            timers.delete(cancel);
            cancel();
          };
        },
        random: () => tabNumber / 1000, // Tabs derive their ids from it.
        fetch: () => Promise.reject(new Error("The test used the network")),
        EventSource: undefined,
        isHidden: () => isHidden,
        isOnline: () => true,
        onLifecycleEvent(listener) {
          lifecycleListeners.add(listener);
          return () => void lifecycleListeners.delete(listener);
        },
        locks: locks.createManager(name),
        openChannel: () => openChannel(name, run),
      };
      const connectingTab: ConnectingTab = {
        isFrozen: () => isFrozen,
        onCrash: (listener) => void crashListeners.add(listener),
      };
      const feed = createSharedConnection(
        "quotes",
        (options) => server.open(connectingTab, options),
        runtime,
        cursor,
      );
      const events: LiveEvent[] = [];
      const states: ConnectionState[] = [];
      feed.subscribe((event) => void events.push(event));
      feed.onState((state) => void states.push(state));
      return {
        feed,
        events,
        states,
        crash() {
          isFrozen = true;
          for (const onCrash of crashListeners) onCrash();
          for (const cancel of timers) cancel();
          for (const port of ports) if (port.tab === name) ports.delete(port);
          locks.releaseAll(name);
        },
        freeze: () => void (isFrozen = true),
        thaw() {
          isFrozen = false;
          for (const task of deferredTasks.splice(0)) task();
        },
        hide() {
          isHidden = true;
          dispatchLifecycle("hidden");
        },
        show() {
          isHidden = false;
          dispatchLifecycle("visible");
        },
        dispatchLifecycle,
      };
    },
  };
}
