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
export interface PageSetup {
  /** The origin of the modules. */
  readonly modules: string;
  /** The client's options. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Divides delays of at least `fromMs` by `by`: minutes become seconds. */
  readonly shorten?: { readonly fromMs: number; readonly by: number };
  /** The factor by which the client's clock and timers run faster. */
  readonly pace?: number;
  /** True if the client obtains a ticket of the site for each attempt. */
  readonly hasTickets?: boolean;
}

/** The page's record, as `globalThis.followed`. */
export interface PageRecord {
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

/** Responds to a request of the site: its page, its script, a ticket or a blank page. */
async function respond({ url }: Request, obtainTicket: () => Promise<string>): Promise<Response> {
  const { pathname } = new URL(url);
  if (pathname === "/ticket") {
    try {
      return new Response(await obtainTicket());
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
  open(setup: PageSetup): Promise<Follower>;
  /** Returns the errors of scripts, without the browser's messages about failed requests. */
  complaints(): string[];
}

/**
 * Starts a browser and a site.
 *
 * @param obtainTicket Obtains a ticket, as the site's server does.
 */
export async function startStage(obtainTicket = () => Promise.resolve("")): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => respond(request, obtainTicket),
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
  readRecord(): Promise<Pick<PageRecord, "numbers" | "states" | "gaps" | "quotes">>;
  /** Waits until the client is in a state. */
  waitFor(
    kind: ConnectionState["kind"],
    properties?: Partial<ConnectionState>,
  ): Promise<ConnectionState>;
  /** Waits until the client is or was in a state, which may be over. Returns the first one. */
  waitForPast(
    kind: ConnectionState["kind"],
    properties?: Partial<ConnectionState>,
  ): Promise<ConnectionState>;
  /** Waits until a number of the publisher has arrived. */
  waitForNumber(number: number): Promise<void>;
}

/** The deadline of all waits, because the upgrade of a transport takes several attempts. */
const DEADLINE_MS = 60_000;

/** Opens the page, which then follows the server. */
async function follow(page: Page, url: string): Promise<Follower> {
  await page.goto(url);
  await page.waitForFunction("globalThis.followed !== undefined");

  async function readRecord() {
    const json = "(({ feed, ...record }) => record)(followed)";
    return await page.evaluate<Pick<PageRecord, "numbers" | "states" | "gaps" | "quotes">>(json);
  }

  /** Waits until a state with these properties is among those that `readStates` returns. */
  async function findState(
    readStates: () => Promise<readonly ConnectionState[]>,
    properties: Partial<ConnectionState>,
  ): Promise<ConnectionState> {
    let states: readonly ConnectionState[] = [];
    const matches = (state: ConnectionState) =>
      JSON.stringify({ ...state, ...properties }) === JSON.stringify(state);
    try {
      return await until(JSON.stringify(properties), async () => {
        states = await readStates();
        return states.find(matches);
      }, { deadlineMs: DEADLINE_MS });
    } catch (error) {
      throw new Error(`${error}: the last states were ${JSON.stringify(states.slice(-8))}`);
    }
  }

  return {
    page,
    readRecord,
    waitFor: (kind, properties) =>
      findState(async () => (await readRecord()).states.slice(-1), { kind, ...properties }),
    waitForPast: (kind, properties) =>
      findState(async () => (await readRecord()).states, { kind, ...properties }),
    async waitForNumber(number) {
      await until(
        `number ${number}`,
        async () => (await readRecord()).numbers.includes(number) || undefined,
        { deadlineMs: DEADLINE_MS },
      );
    },
  };
}

/**
 * Stops the publisher, waits until the page has received its last number, and collects faults of delivery.
 *
 * @returns The numbers that are missing after the first one, the duplicates, and the number of gaps.
 */
export async function collectFaults(follower: Follower, publisher: Numbers) {
  const last = await publisher.stop();
  await follower.waitForNumber(last);
  const { numbers, gaps } = await follower.readRecord();
  const [first = 1] = numbers;
  const expected = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return {
    missed: expected.filter((number) => !numbers.includes(number)),
    twice: numbers.filter((number, index) => numbers.indexOf(number) !== index),
    gaps,
  };
}

/** Creates the options of a client that follows the publisher's numbers. */
export function numberOptions(url: string) {
  return { url, topics: ["events/alerts"], types: ["tick"] };
}

/** Settings of servers whose log keeps all numbers of a test. */
export const NUMBER_SETTINGS = { ...PUBLISHER_SETTINGS, LOG_RETAIN_EVENTS: "100000" };

/** The channel and the pace of the publisher, which is as fast as a page can follow. */
export const NUMBER_PUBLISHER = { channel: "alerts", everyMs: 5 };

/** The result of {@linkcode collectFaults} without a fault. */
export const NO_FAULTS = { missed: [], twice: [], gaps: 0 };
