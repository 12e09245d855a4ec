/**
 * The one door out: rights, budget, subscription, response.
 *
 * @module
 */
import type { Context } from "hono";
import type { Metrics } from "../core/metrics.ts";
import { Problem } from "../core/problem.ts";
import type { Budget, BudgetRefusal } from "../guard/budget.ts";
import type { RateLimit } from "../guard/rate_limit.ts";
import type { Hub } from "../hub/hub.ts";
import type { TopicFilter } from "../hub/merge.ts";
import { StoreUnavailable } from "../store/errors.ts";
import { encodeFrames, EVENT_STREAM_HEADERS } from "../wire/sse.ts";
import { acceptedFormat } from "./accept.ts";
import { type Authenticator, type Principal, principalKey, unauthorized } from "./auth.ts";
import type { AppEnv } from "./client_address.ts";
import type { StreamInput } from "./query_params.ts";
import { authorizeReader } from "./authorize.ts";
import type { Tickets } from "./tickets.ts";

/** What a stream passes through on its way out. */
export interface StreamOpener {
  readonly hub: Pick<Hub, "subscribe">;
  readonly authenticator: Pick<Authenticator, "authenticateStream">;
  readonly tickets: Pick<Tickets, "consume">;
  readonly budget: Budget;
  readonly opens: RateLimit;
  readonly random: () => number;
  readonly metrics: Pick<Metrics, "refused">;
  /** The header of a proxy that is trusted to name a client's address. */
  readonly clientIpHeader: string | undefined;
  /** True when this isolate is going: nobody is let in. */
  readonly isDraining: () => boolean;
}

/** What a stream is asked for. */
export interface StreamRequest extends StreamInput {
  readonly filters: readonly TopicFilter[];
  /** Names of topics that were asked for and are no more. */
  readonly gone?: readonly string[] | undefined;
  /** Who asks, where that was looked at before. */
  readonly principal?: Principal;
  /** Where the same can be had as JSON, null where it cannot. */
  readonly pollUrl: string | null;
}

/** A refused caller comes back after 5 to 30 seconds. */
const [SHORTEST_RETRY_MS, LONGEST_RETRY_MS] = [5000, 30_000];

/** A no to a stream, with when to try again. */
interface Refused extends BudgetRefusal {
  readonly retryAfterMs: number;
}

const REFUSAL_TEXTS: Readonly<Record<BudgetRefusal["reason"], string>> = {
  isolate: "All streams of this isolate are taken.",
  client: "You have as many streams as one client may have.",
  rate: "You open streams too often.",
  drain: "This isolate is going; another one takes over.",
};

/** A native EventSource gives up for ever on anything but 200 and never sees `Retry-After`: it is told in a stream. */
function busyResponse({ reason, limit, inUse, retryAfterMs }: Refused, pollUrl: string | null) {
  const retry = Math.min(retryAfterMs, LONGEST_RETRY_MS);
  const data = { reason, limit, in_use: inUse, retry_after_ms: retry, poll_url: pollUrl };
  const body = encodeFrames({ retry, event: "busy", data: JSON.stringify(data) });
  return new Response(body, { headers: EVENT_STREAM_HEADERS });
}

/** 503 is our capacity, 429 this caller's share. */
function refusalProblem({ reason, limit, retryAfterMs }: Refused): Problem {
  const isOurs = reason === "isolate" || reason === "drain";
  const policy = reason === "rate" ? `"opens";q=${limit};w=60` : `"streams";q=${limit}`;
  const [name = ""] = policy.split(";");
  const headers = {
    "ratelimit-policy": policy,
    "ratelimit": `${name};r=0;t=${Math.ceil(retryAfterMs / 1000)}`,
  };
  return new Problem(isOurs ? 503 : 429, `busy_${reason}`, REFUSAL_TEXTS[reason], {
    retryAfterMs,
    headers,
  });
}

/** When the right to some of the topics ends: undefined where it does not, or none is needed. */
function rightsEndOf(principal: Principal, filters: readonly TopicFilter[]): number | undefined {
  const isNeeded = filters.some(({ topic }) => topic.access !== "public");
  return isNeeded && "endsAt" in principal ? principal.endsAt : undefined;
}

/** A ticket is spent by the stream it opens, and by nothing before. */
async function spendTicket(ticket: string, tickets: StreamOpener["tickets"]): Promise<void> {
  if (await tickets.consume(ticket)) return;
  throw unauthorized("bad_ticket", "The ticket was used before: each opens one stream.");
}

/**
 * Opens a stream. A full budget is told in a stream to whoever accepts one, and by a status to others.
 *
 * @throws {Problem} 401 or 403 for a private topic, 401 for a bad token; 429 or 503 where the budget is full.
 */
export async function streamResponse(
  c: Context<AppEnv>,
  streamOpener: StreamOpener,
  { filters, pollUrl, principal: known, ...input }: StreamRequest,
): Promise<Response> {
  const principal = known ?? await streamOpener.authenticator.authenticateStream(c);
  authorizeReader(principal, filters.map(({ topic }) => topic));
  // HEAD runs this too, and its body is never pulled: it takes nothing that only a body gives back.
  if (c.req.method === "HEAD") return new Response(null, { headers: EVENT_STREAM_HEADERS });

  const admitted = admit(streamOpener, principalKey(c, principal, streamOpener.clientIpHeader));
  if ("reason" in admitted) {
    streamOpener.metrics.refused(admitted.reason);
    if (!acceptsStream(c)) throw refusalProblem(admitted);
    return busyResponse(admitted, pollUrl);
  }

  // Our own close() frees no socket while the peer does not read: the seat is the system's to give back. Where nobody
  // tells us of the system, our end is the end.
  const { completed } = c.env ?? {};
  completed?.then(admitted.release, admitted.release);
  try {
    if (principal.kind === "ticket") await spendTicket(principal.ticket, streamOpener.tickets);
    const body = await streamOpener.hub.subscribe({
      ...input,
      filters,
      rightsEndAt: rightsEndOf(principal, filters),
      onEnd(reason) {
        if (reason === "gone" || !completed) admitted.release();
      },
    });
    if (body !== null) return new Response(body, { headers: EVENT_STREAM_HEADERS });
    admitted.release();
    return new Response(null, { status: 204 }); // EventSource comes back no more
  } catch (thrown) {
    admitted.release();
    throw thrown;
  }
}

/**
 * Opens a stream whose rights the store has to tell: where it is away, a client that accepts a stream is told to come back,
 * as of a full budget. A status would end its loop.
 */
export async function withStoreFallback(
  c: Context<AppEnv>,
  { budget: { limit, inUse }, random }: Pick<StreamOpener, "budget" | "random">,
  pollUrl: string | null,
  open: () => Promise<Response>,
): Promise<Response> {
  try {
    return await open();
  } catch (thrown) {
    if (!(thrown instanceof StoreUnavailable) || !acceptsStream(c)) throw thrown;
    const retryAfterMs = spread(random);
    return busyResponse({ reason: "isolate", limit, inUse, retryAfterMs }, pollUrl);
  }
}

function acceptsStream(c: Context<AppEnv>): boolean {
  return acceptedFormat(c.req.header("accept")) === "stream";
}

/** When a refused caller comes back, in milliseconds. */
function spread(random: () => number): number {
  return SHORTEST_RETRY_MS + Math.round(random() * (LONGEST_RETRY_MS - SHORTEST_RETRY_MS));
}

/** Lets a client in, or says why not. */
function admit({ budget, opens, random, isDraining }: StreamOpener, client: string) {
  if (isDraining()) {
    const { limit, inUse } = budget;
    return { reason: "drain", limit, inUse, retryAfterMs: spread(random) } as const;
  }
  const slot = budget.take(client);
  if ("reason" in slot) return { ...slot, retryAfterMs: spread(random) };

  const rate = opens.consume(client);
  if (rate.isAllowed) return slot;
  slot.release();
  return {
    reason: "rate",
    limit: rate.limit,
    inUse: rate.limit - rate.remaining,
    retryAfterMs: Math.max(spread(random), Math.ceil(rate.retryAfterMs)),
  } as const;
}
