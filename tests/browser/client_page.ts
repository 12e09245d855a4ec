/**
 * A page of an origin of its own, which follows a server by its client, as pages of its users do.
 *
 * @module
 */
import type { BrowserContext, Page } from "playwright-core";
import type { ConnectionState, LiveFeed } from "../../lib/client/client/types.js";
import type { Numbers } from "../support/numbers.ts";
import { PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { until } from "../support/within.ts";
import { openTab } from "./browser.ts";

/** What a page is told by its address, as JSON. */
export interface Setup {
  /** Where the modules come from. */
  readonly modules: string;
  /** The client's options. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Delays of the client from so many ms on are divided by `by`: minutes become seconds, in this page and not in the client. */
  readonly shorten?: { readonly fromMs: number; readonly by: number };
  /** The client's clock and all its timers run so many times as fast, in this page and not in the client. */
  readonly pace?: number;
  /** Asks the page's own server for a ticket at each connection. */
  readonly hasTickets?: boolean;
}

/** What the page keeps, as `globalThis.followed`. */
export interface Followed {
  readonly feed: LiveFeed;
  /** The numbers of the publisher that came, in order. */
  readonly numbers: number[];
  readonly states: ConnectionState[];
  gaps: number;
  /** How many quotes and snapshots of them came. */
  quotes: number;
}

const HTML = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>A page of another origin</title>
<link rel="icon" href="data:,"><script type="module" src="/page.js"></script></html>`;

/** The site's own server: its page, and tickets for whom it knows. */
async function serve({ url }: Request, ticket: () => Promise<string>): Promise<Response> {
  const { pathname } = new URL(url);
  if (pathname === "/ticket") {
    try {
      return new Response(await ticket());
    } catch {
      return new Response(null, { status: 502 }); // The server that makes them is away.
    }
  }
  if (pathname === "/page.js") {
    const script = await Deno.readFile(new URL("client_page.js", import.meta.url));
    return new Response(script, { headers: { "content-type": "text/javascript" } });
  }
  return new Response(pathname === "/blank" ? "<!doctype html><title>Blank</title>" : HTML, {
    headers: { "content-type": "text/html; charset=utf-8" },
  });
}

/** A browser, and a site whose pages follow. Whoever starts it must dispose of it. */
export interface Stage extends AsyncDisposable {
  /** The site's origin. */
  readonly origin: string;
  readonly context: BrowserContext;
  /** Opens a page of the site in a tab of its own. */
  open(setup: Setup): Promise<Follower>;
  /** What scripts complained of, without the browser's own lines about requests that failed. */
  complaints(): string[];
}

/**
 * Starts a browser and a site.
 *
 * @param ticket Makes a ticket, as the site's own server would ask for one.
 */
export async function startStage(ticket = () => Promise.resolve("")): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => serve(request, ticket),
  );
  stack.defer(() => server.shutdown());
  const { page, complaints } = stack.use(await openTab());
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const context = page.context();
  const kept = stack.move();
  return {
    origin,
    context,
    open: async (setup) =>
      await follow(
        await context.newPage(),
        `${origin}/?setup=${encodeURIComponent(JSON.stringify(setup))}`,
      ),
    complaints: () =>
      complaints.filter((line) =>
        !/net::ERR_|Failed to load resource|blocked by CORS policy/.test(line)
      ),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A page that follows, as a test sees it. */
export interface Follower {
  readonly page: Page;
  /** What the page keeps, but for what is no value. */
  seen(): Promise<Pick<Followed, "numbers" | "states" | "gaps" | "quotes">>;
  /** Waits until it is in a state. */
  is(kind: ConnectionState["kind"], more?: Partial<ConnectionState>): Promise<ConnectionState>;
  /** Waits until it is or was in a state, and gives the first such. */
  was(kind: ConnectionState["kind"], more?: Partial<ConnectionState>): Promise<ConnectionState>;
  /** Waits until a number of the publisher has come. */
  hears(number: number): Promise<void>;
}

/** The climb back takes the client some retries: longer than most waits. */
const LONG_MS = 60_000;

/** Opens the page, which follows from then on. */
async function follow(page: Page, url: string): Promise<Follower> {
  await page.goto(url);
  await page.waitForFunction("globalThis.followed !== undefined");

  async function seen() {
    const json = "(({ feed, ...seen }) => seen)(followed)";
    return await page.evaluate<Pick<Followed, "numbers" | "states" | "gaps" | "quotes">>(json);
  }

  /** Waits until one of the states that `look` gives is the one wanted. */
  async function waitFor(
    look: () => Promise<readonly ConnectionState[]>,
    wanted: Partial<ConnectionState>,
  ): Promise<ConnectionState> {
    let states: readonly ConnectionState[] = [];
    const isWanted = (state: ConnectionState) =>
      JSON.stringify({ ...state, ...wanted }) === JSON.stringify(state);
    try {
      return await until(JSON.stringify(wanted), async () => {
        states = await look();
        return states.find(isWanted);
      }, { deadlineMs: LONG_MS });
    } catch (error) {
      throw new Error(`${error}: it has been ${JSON.stringify(states.slice(-8))}`);
    }
  }

  return {
    page,
    seen,
    is: (kind, more) => waitFor(async () => (await seen()).states.slice(-1), { kind, ...more }),
    was: (kind, more) => waitFor(async () => (await seen()).states, { kind, ...more }),
    async hears(number) {
      await until(
        `number ${number}`,
        async () => (await seen()).numbers.includes(number) || undefined,
        { deadlineMs: LONG_MS },
      );
    },
  };
}

/**
 * Ends the publisher's work, waits until the page has heard its last number, and counts what is wrong.
 *
 * @returns The numbers that never came, from the first that did; those that came again; and how often the client was told of a gap.
 */
export async function faults(follower: Follower, publisher: Numbers) {
  const last = await publisher.stop();
  await follower.hears(last);
  const { numbers, gaps } = await follower.seen();
  const [first = 1] = numbers;
  const owed = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return {
    missed: owed.filter((number) => !numbers.includes(number)),
    twice: numbers.filter((number, at) => numbers.indexOf(number) !== at),
    gaps,
  };
}

/** The options of a client that follows the publisher's numbers. */
export function numbersOf(url: string) {
  return { url, topics: ["events/alerts"], types: ["tick"] };
}

/** Settings of servers whose publishers count: whatever comes late is still in the log. */
export const COUNTED = { ...PUBLISHER_SETTINGS, LOG_RETAIN_EVENTS: "100000" };

/** How the publisher counts: as fast as a page can well follow. */
export const COUNTING = { channel: "alerts", everyMs: 5 };

/** Nothing is wrong. */
export const NONE = { missed: [], twice: [], gaps: 0 };
