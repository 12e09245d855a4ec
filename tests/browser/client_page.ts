/**
 * A page of another origin that follows a server with the client, as users' pages do.
 *
 * @module
 */
import type { BrowserContext, Page } from "playwright-core";
import type { ConnectionState, LiveConnection } from "../../lib/client/client/types.js";
import type { Numbers } from "../support/numbers.ts";
import { PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { until } from "../support/within.ts";
import { openTab } from "./browser.ts";

/** The parameters of a page, as JSON in its URL. */
export interface Setup {
  /** The origin of the modules. */
  readonly modules: string;
  /** The client's options. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Divides delays of at least `fromMs` by `by`: minutes become seconds. */
  readonly shorten?: { readonly fromMs: number; readonly by: number };
  /** Runs the client's clock and timers so many times as fast. */
  readonly pace?: number;
  /** Obtains a ticket of the site for each attempt. */
  readonly hasTickets?: boolean;
}

/** The page's record, as `globalThis.followed`. */
export interface Followed {
  readonly feed: LiveConnection;
  /** The received numbers of the publisher, in order. */
  readonly numbers: number[];
  readonly states: ConnectionState[];
  gaps: number;
  /** The number of received quotes and snapshots. */
  quotes: number;
}

const HTML = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>A page of another origin</title>
<link rel="icon" href="data:,"><script type="module" src="/page.js"></script></html>`;

/** Answers a request of the site: its page, its script or a ticket. */
async function serve({ url }: Request, ticket: () => Promise<string>): Promise<Response> {
  const { pathname } = new URL(url);
  if (pathname === "/ticket") {
    try {
      return new Response(await ticket());
    } catch {
      return new Response(null, { status: 502 }); // The server that issues tickets is down.
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

/** A browser, and a site whose pages follow a server. Dispose of it after use. */
export interface Stage extends AsyncDisposable {
  /** The site's origin. */
  readonly origin: string;
  readonly context: BrowserContext;
  /** Opens a page of the site in a new tab. */
  open(setup: Setup): Promise<Follower>;
  /** Returns the errors of scripts, without the browser's messages about failed requests. */
  complaints(): string[];
}

/**
 * Starts a browser and a site.
 *
 * @param ticket Obtains a ticket, as the site's server does.
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
  const resources = stack.move();
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
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** A page that follows a server, as a test sees it. */
export interface Follower {
  readonly page: Page;
  /** Reads the page's record, without its feed. */
  seen(): Promise<Pick<Followed, "numbers" | "states" | "gaps" | "quotes">>;
  /** Waits until the client is in a state. */
  is(kind: ConnectionState["kind"], more?: Partial<ConnectionState>): Promise<ConnectionState>;
  /** Waits until the client is or was in a state, and returns the first one. */
  was(kind: ConnectionState["kind"], more?: Partial<ConnectionState>): Promise<ConnectionState>;
  /** Waits until a number of the publisher has arrived. */
  receives(number: number): Promise<void>;
}

/** The upgrade of a transport takes several attempts: longer than most waits. */
const LONG_MS = 60_000;

/** Opens the page, which then follows the server. */
async function follow(page: Page, url: string): Promise<Follower> {
  await page.goto(url);
  await page.waitForFunction("globalThis.followed !== undefined");

  async function seen() {
    const json = "(({ feed, ...seen }) => seen)(followed)";
    return await page.evaluate<Pick<Followed, "numbers" | "states" | "gaps" | "quotes">>(json);
  }

  /** Waits until `look` returns the requested state. */
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
    async receives(number) {
      await until(
        `number ${number}`,
        async () => (await seen()).numbers.includes(number) || undefined,
        { deadlineMs: LONG_MS },
      );
    },
  };
}

/**
 * Stops the publisher, waits until the page has received its last number, and counts faults.
 *
 * @returns The numbers that are missing after the first one, the duplicates, and the number of gaps.
 */
export async function faults(follower: Follower, publisher: Numbers) {
  const last = await publisher.stop();
  await follower.receives(last);
  const { numbers, gaps } = await follower.seen();
  const [first = 1] = numbers;
  const expected = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return {
    missed: expected.filter((number) => !numbers.includes(number)),
    twice: numbers.filter((number, at) => numbers.indexOf(number) !== at),
    gaps,
  };
}

/** Returns the options of a client that follows the publisher's numbers. */
export function numbersOf(url: string) {
  return { url, topics: ["events/alerts"], types: ["tick"] };
}

/** Settings of servers whose log keeps all numbers of a test. */
export const COUNTED = { ...PUBLISHER_SETTINGS, LOG_RETAIN_EVENTS: "100000" };

/** The publisher's pace: as fast as a page can follow. */
export const COUNTING = { channel: "alerts", everyMs: 5 };

/** No faults. */
export const NONE = { missed: [], twice: [], gaps: 0 };
