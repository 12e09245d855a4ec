import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { z } from "zod";
import { propertyRuns } from "../support/property_runs.ts";
import { type ClientRequest, createWire } from "./wire.ts";

/** The data of an event. The events of each topic are numbered from 1. */
const NumberedEvent = z.object({ number: z.number() });
/** The event type of each topic. */
const TYPES: Readonly<Record<string, string>> = {
  news: "article",
  "events/alerts": "tick",
  quotes: "quote",
};
const MINUTE = 60_000;
/** Long enough for an upgrade of the transport after a silent connection. */
const RECOVERY_MS = 150_000;
/** The page size of GET /v1/news. */
const MAX_PAGE_ARTICLES = 2;

interface LoggedEvent {
  readonly id: string;
  readonly topic: string;
  readonly data: {
    readonly number: number;
    readonly symbol?: string;
    readonly received_at?: string;
  };
}

/** Creates a server with a log, whose network the test controls. */
function createServer({ clock, serve }: ReturnType<typeof createWire>) {
  const log: LoggedEvent[] = [];
  const streams = new Map<ClientRequest, { topics: readonly string[] }>();
  const network = { isUp: true, isMute: false, isBusy: false, delayMs: 0 };

  const head = () => `1000-${log.length}`;
  const eventsAfter = (cursor: string) => log.slice(Number(cursor.split("-")[1]));

  function sendEvent(request: ClientRequest, { id, topic, data }: LoggedEvent): void {
    if (streams.get(request)?.topics.includes(topic)) request.send(TYPES[topic] ?? "", data, id);
  }

  function stream(request: ClientRequest): void {
    const topics = (request.url.searchParams.get("topics") ?? "").split(",");
    if (network.isBusy) {
      request.send("busy", { retry_after_ms: 8000 });
      return request.cut();
    }
    const isNew = request.cursor === null && topics.includes("quotes");
    request.sync(isNew ? undefined : request.cursor ?? head());
    if (isNew) request.send("snapshot", { quotes: conflate(log), status: [] }, head());
    streams.set(request, { topics });
    const missed = request.cursor ? eventsAfter(request.cursor) : [];
    const lastQuote = missed.findLast(({ topic }) => topic === "quotes");
    for (const event of missed) {
      if (event.topic !== "quotes" || event === lastQuote) sendEvent(request, event);
    }
  }

  /** Returns the last quote, because quotes are conflated. */
  function conflate(events: readonly LoggedEvent[]) {
    return events.filter(({ topic }) => topic === "quotes").slice(-1).map(({ data }) => data);
  }

  function poll(request: ClientRequest): void {
    if (request.url.pathname === "/v1/quotes") {
      const quotes = conflate(log);
      return request.respond({ quotes, status: [], cursor: head(), next_poll_delay: 5 });
    }
    const cursor = request.url.searchParams.get("after");
    const unread = cursor ? eventsAfter(cursor).filter(({ topic }) => topic === "news") : [];
    const articles = unread.slice(0, MAX_PAGE_ARTICLES);
    const isWhole = articles.length === unread.length;
    request.respond({
      articles: articles.map(({ data }) => data),
      retracted: [],
      cursor: isWhole ? head() : articles.at(-1)?.id,
      next_poll_delay: isWhole ? 5 : 0,
    });
  }

  function handle(request: ClientRequest): void {
    if (!network.isUp) request.cut();
    else if (request.transport === "poll") poll(request);
    else if (!network.isMute) stream(request);
  }

  serve((request) =>
    network.delayMs ? void clock.after(network.delayMs, () => handle(request)) : handle(request)
  );

  return {
    network,
    get open() {
      return [...streams.keys()].filter(({ isOpen }) => isOpen).length;
    },
    publish(topic: string): void {
      const number = 1 + log.filter((event) => event.topic === topic).length;
      const quote = { symbol: "WTI", received_at: new Date(clock.now() + number).toISOString() };
      const data = { number, ...topic === "quotes" && quote };
      const event = { id: `1000-${log.length + 1}`, topic, data };
      log.push(event);
      for (const request of streams.keys()) sendEvent(request, event);
    },
    cut(): void {
      for (const request of streams.keys()) request.cut();
      streams.clear();
    },
    /** Silences all connections, which stay open. */
    silence: () => streams.clear(),
    /** Sends `bye`, delivers for another 700 ms, and ends the connections. */
    bye(reason: string): void {
      for (const request of streams.keys()) {
        request.send("bye", { reason, retry_ms: 3000 });
        clock.after(700, () => {
          request.cut();
          streams.delete(request);
        });
      }
    },
    expire(): void {
      for (const request of streams.keys()) request.send("auth", { expires_in_ms: 60_000 });
    },
    /** Advances the clock, with a heartbeat every 7.5 s. */
    async advance(ms: number): Promise<void> {
      for (let remainingMs = ms; remainingMs > 0; remainingMs -= 7500) {
        await clock.advance(Math.min(remainingMs, 7500));
        for (const request of streams.keys()) request.send("heartbeat", clock.now(), head());
      }
    },
    numbers: (topic: string) =>
      log.filter((event) => event.topic === topic).map(({ data }) => data.number),
  };
}

type Server = ReturnType<typeof createServer>;
type Wire = ReturnType<typeof createWire>;
type Feed = Awaited<ReturnType<Wire["connect"]>>["feed"];

/** Faults, their ends, and time that passes. */
const ACTIONS: Readonly<Record<string, (server: Server, wire: Wire, feed: Feed) => unknown>> = {
  "a cut": (server) => server.cut(),
  "silence": (server) => server.silence(),
  "drain": (server) => server.bye("drain"),
  "age": (server) => server.bye("max_age"),
  "fault": (server) => server.bye("fault"),
  "authorization expires": (server) => server.expire(),
  "streams blocked": ({ network }) => network.isMute = true,
  "streams allowed": ({ network }) => network.isMute = false,
  "down": (server) => {
    server.network.isUp = false;
    server.cut();
  },
  "up": ({ network }) => network.isUp = true,
  "slow": ({ network }) => network.delayMs = 2500,
  "quick": ({ network }) => network.delayMs = 0,
  "full": ({ network }) => network.isBusy = true,
  "room": ({ network }) => network.isBusy = false,
  "hide": (_, wire) => wire.hide(),
  "show": (_, wire) => wire.show(),
  "offline": (_, wire) => wire.setOnline(false),
  "online": (_, wire) => wire.setOnline(true),
  "freeze": (_, wire) => wire.dispatchLifecycle("freeze"),
  "resume": (_, wire) => wire.dispatchLifecycle("resume"),
  "sleep": ({ silence }, { clock }) => {
    silence();
    clock.shiftWallClock(10 * MINUTE);
  },
  "reconnect": (_, _wire, feed) => feed.reconnect(),
  "a moment": (server) => server.advance(300),
  "seconds": (server) => server.advance(7000),
  "half a minute": (server) => server.advance(MINUTE / 2),
  "a minute and a half": (server) => server.advance(1.5 * MINUTE),
};

Deno.test("createConnection() delivers every event once and in order through any sequence of faults", async () => {
  const topics = fc.subarray(Object.keys(TYPES), { minLength: 1 });
  const action = fc.tuple(fc.constantFrom(...Object.keys(ACTIONS)), fc.nat({ max: 4 }));
  const actions = fc.array(action, { maxLength: 30, size: "max" });
  const client = fc.record({ hasEventSource: fc.boolean(), hasTicket: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(topics, actions, client, async (topics, actions, client) => {
      const wire = createWire(client);
      const server = createServer(wire);
      const { feed, events } = await wire.connect({
        topics,
        types: ["tick"],
        ...client.hasTicket && { ticket: () => Promise.resolve("t") },
      });
      for (const [name, count] of actions) {
        await ACTIONS[name]?.(server, wire, feed);
        for (let n = 0; n < count; n++) server.publish(Object.keys(TYPES)[n % 3] ?? "");
        await wire.clock.advance(0);
      }
      Object.assign(server.network, { isUp: true, isMute: false, isBusy: false, delayMs: 0 });
      wire.setOnline(true);
      wire.show();
      await server.advance(RECOVERY_MS);
      for (const topic of topics) server.publish(topic);
      // The first tick of a symbol waits until its quote is requested.
      await wire.clock.advance(2000);
      for (const topic of topics) {
        const delivered = events.flatMap(({ type, data }) =>
          type === TYPES[topic] ? [data] : type === "snapshot" ? data.quotes : []
        ).filter((data) => Boolean(data.symbol) === (topic === "quotes"))
          .map((data) => NumberedEvent.parse(data).number);
        if (topic === "quotes") {
          assertEquals(delivered, delivered.toSorted((a, b) => a - b));
          assertEquals(delivered.at(-1), server.numbers(topic).at(-1));
        } else assertEquals(delivered, server.numbers(topic));
      }
      assertEquals(events.filter(({ type }) => type === "gap"), []);
      assertEquals([feed.state().kind, wire.open().length, server.open], ["live", 1, 1]);
      feed.close();
      await wire.clock.advance(1000);
      assertEquals([wire.open().length, wire.clock.timers, wire.listeners], [0, 0, 0]);
      assertEquals(wire.reported, []);
    }),
    {
      numRuns: propertyRuns(12),
      // Two concurrent polls delivered an article twice.
      examples: [[
        ["news", "quotes"],
        [
          ["streams blocked", 0],
          ["slow", 0],
          ["a cut", 0],
          ["a minute and a half", 0],
          ["sleep", 1],
          ["seconds", 0],
        ],
        { hasEventSource: false, hasTicket: false },
      ]],
    },
  );
});
