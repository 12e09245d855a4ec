/**
 * A page of an origin of its own, which follows a server by its client, as pages of its users do.
 *
 * @module
 */
import type { Page } from "playwright-core";
import type { Feed, State } from "../../lib/client/client/types.js";
import type { Numbers } from "../support/numbers.ts";
import { until } from "../support/within.ts";

/** What a page is told by its address, as JSON. */
export interface Setup {
  /** Where the modules come from. */
  readonly modules: string;
  /** The client's options. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Delays of the client from so many ms on are divided by `by`: minutes become seconds, in this page and not in the client. */
  readonly shorten?: { readonly fromMs: number; readonly by: number };
  /** Asks the page's own server for a ticket at each connection. */
  readonly hasTickets?: boolean;
}

/** What the page keeps, as `globalThis.followed`. */
export interface Followed {
  readonly feed: Feed;
  readonly stream: unknown;
  /** The numbers of the publisher that came, in order. */
  readonly numbers: number[];
  readonly states: State[];
  gaps: number;
  /** How many quotes and snapshots of them came. */
  quotes: number;
}

/** The page's server. Whoever starts it must dispose of it. */
export interface PageServer extends AsyncDisposable {
  readonly origin: string;
  /** The address of a page that is set up so. */
  urlOf(setup: Setup): string;
}

const HTML = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>A page of another origin</title>
<link rel="icon" href="data:,"><script type="module" src="/page.js"></script></html>`;

/**
 * Starts the server of the page.
 *
 * @param ticket Fetches a ticket, as a site's own server would for a user it knows.
 */
export function startPageServer(ticket?: () => Promise<string>): PageServer {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async ({ url }) => {
    const { pathname } = new URL(url);
    if (pathname === "/ticket" && ticket) return new Response(await ticket());
    if (pathname === "/page.js") {
      const script = await Deno.readFile(new URL("client_page.js", import.meta.url));
      return new Response(script, { headers: { "content-type": "text/javascript" } });
    }
    return new Response(HTML, { headers: { "content-type": "text/html; charset=utf-8" } });
  });
  const origin = `http://127.0.0.1:${server.addr.port}`;
  return {
    origin,
    urlOf: (setup) => `${origin}/?setup=${encodeURIComponent(JSON.stringify(setup))}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A page that follows, as a test sees it. */
export interface Follower {
  readonly page: Page;
  /** What the page keeps, but for what is no value. */
  seen(): Promise<Pick<Followed, "numbers" | "states" | "gaps" | "quotes">>;
  /** Waits until it is in a state. */
  is(kind: State["kind"], more?: Partial<State>): Promise<State>;
  /** Waits until it is or was in a state, and gives the first such. */
  was(kind: State["kind"], more?: Partial<State>): Promise<State>;
  /** Waits until a number of the publisher has come. */
  hears(number: number): Promise<void>;
}

/** The climb back takes the client some retries: longer than most waits. */
const LONG_MS = 60_000;

/** Opens the page, which follows from then on. */
export async function follow(page: Page, url: string): Promise<Follower> {
  await page.goto(url);
  await page.waitForFunction("globalThis.followed !== undefined");

  async function seen() {
    const json = "(({ feed, stream, ...seen }) => seen)(followed)";
    return await page.evaluate<Pick<Followed, "numbers" | "states" | "gaps" | "quotes">>(json);
  }

  /** Waits until one of the states that `look` gives is the one wanted. */
  async function waitFor(
    look: () => Promise<readonly State[]>,
    wanted: Partial<State>,
  ): Promise<State> {
    let states: readonly State[] = [];
    const isWanted = (state: State) =>
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

/** Nothing is wrong. */
export const NONE = { missed: [], twice: [], gaps: 0 };

/**
 * What scripts complained of. A browser tells of each request that failed, whatever the page does about it: those lines are
 * its own.
 */
export function ownComplaints(complaints: readonly string[]): string[] {
  return complaints.filter((line) =>
    !/net::ERR_|Failed to load resource|blocked by CORS policy/.test(line)
  );
}
