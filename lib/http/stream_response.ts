/**
 * Streams as responses. Opening one checks the rights, the connection budget and the rate limit, then subscribes.
 *
 * @module
 */
import type { Context } from "hono";
import { parseAccept } from "hono/utils/accept";
import type { Metrics } from "../core/metrics.ts";
import { Problem } from "../core/problem.ts";
import type { TopicFilter } from "../core/topic.ts";
import type { Budget, BudgetRefusal, Slot } from "../guard/budget.ts";
import type { RateLimit } from "../guard/rate_limit.ts";
import type { Hub } from "../hub/hub.ts";
import { StoreUnavailable } from "../store/errors.ts";
import { encodeFrames, EVENT_STREAM_HEADERS } from "../wire/sse.ts";
import type { AppEnv } from "./app_env.ts";
import { type Authenticator, type Principal, unauthorized } from "./auth.ts";
import { authorizeReader } from "./authorize.ts";
import type { StreamInput } from "./query_params.ts";
import { principalKey, rateLimitHeaders } from "./rate_limits.ts";
import type { Tickets } from "./tickets.ts";

/** The services that open a stream. */
export interface StreamOpener {
  readonly hub: Pick<Hub, "subscribe">;
  readonly authenticator: Pick<Authenticator, "authenticateStream">;
  readonly tickets: Pick<Tickets, "consume">;
  readonly budget: Budget;
  /** Limits the streams that one client opens. */
  readonly opens: RateLimit;
  readonly random: () => number;
  readonly metrics: Pick<Metrics, "refused">;
  /** The header of a proxy that is trusted to name a client's address. */
  readonly clientIpHeader: string | undefined;
  /** Returns true once the isolate is draining. It then admits no client. */
  readonly isDraining: () => boolean;
}

/** A request for a stream. */
export interface StreamRequest extends StreamInput {
  readonly filters: readonly TopicFilter[];
  /** The names of requested topics that no longer exist. */
  readonly gone?: readonly string[] | undefined;
  /** The principal, if the route has authenticated the request already. */
  readonly principal?: Principal;
  /** The URL of the same data as JSON, null if there is none. */
  readonly pollUrl: string | null;
}

/** The format of a response. `unsaid` also stands for JSON: the request names neither format. */
export type Format = "stream" | "json" | "unsaid";

/** The bounds of the random delay before a refused client returns, in milliseconds. */
const [MIN_RETRY_MS, MAX_RETRY_MS] = [5000, 30_000];

/** A refused stream, and the delay before the next attempt. */
interface StreamRefusal extends BudgetRefusal {
  readonly retryAfterMs: number;
}

const REFUSAL_TEXTS: Readonly<Record<BudgetRefusal["reason"], string>> = {
  isolate:
    "All connection slots of this isolate are in use. Try again after the delay in `Retry-After`.",
  client: "You have the maximum number of open streams. Close one.",
  rate:
    "You have opened too many streams within a minute. Try again after the delay in `Retry-After`.",
  drain: "This isolate is draining. Connect again: another one takes over.",
};

/**
 * Returns the format that an `Accept` header asks for (RFC 9110, 12.5.1). A stream needs `text/event-stream` by name, and
 * no preference for JSON. A client that accepts everything may wait for the end of the body, so it receives JSON.
 */
export function acceptedFormat(accept: string | undefined): Format {
  // parseAccept() sorts by quality, so the best of several ranges of one name comes first.
  const ranges = parseAccept(accept ?? "").map(({ type, q }) => ({ type: type.toLowerCase(), q }));
  const quality = (name: string) => ranges.find(({ type }) => type === name)?.q;
  const streamQuality = quality("text/event-stream");
  const jsonQuality = quality("application/json");
  if (streamQuality === undefined) return jsonQuality === undefined ? "unsaid" : "json";
  const otherQuality = jsonQuality ?? quality("application/*") ?? quality("*/*") ?? 0;
  return streamQuality > 0 && streamQuality >= otherQuality ? "stream" : "json";
}

function acceptsStream(c: Context<AppEnv>): boolean {
  return acceptedFormat(c.req.header("accept")) === "stream";
}

/**
 * Opens a stream. A client that exceeds a limit receives `busy` in a stream if it accepts one, else a status. A client that
 * has received the terminal events of all its topics receives 204.
 *
 * @throws {Problem} 401 or 403: a private topic; 400 or 401: a bad token or ticket; 429 or 503: a limit is exhausted, or the
 * store cannot consume the ticket.
 */
export async function streamResponse(
  c: Context<AppEnv>,
  streamOpener: StreamOpener,
  { filters, pollUrl, principal: authenticated, ...input }: StreamRequest,
): Promise<Response> {
  const principal = authenticated ?? await streamOpener.authenticator.authenticateStream(c);
  authorizeReader(principal, filters.map(({ topic }) => topic));
  // HEAD takes no slot, because its response has no body whose end would release the slot.
  if (c.req.method === "HEAD") return new Response(null, { headers: EVENT_STREAM_HEADERS });

  const admission = admit(c, streamOpener, principal);
  if ("reason" in admission) {
    if (!acceptsStream(c)) throw refusalProblem(admission);
    return busyResponse(admission, pollUrl);
  }

  // close() does not free the socket while the peer does not read. The slot is therefore released when the operating system
  // releases the socket, or, if that is not reported, when the stream ends.
  const { completed } = c.env ?? {};
  completed?.then(admission.release, admission.release);
  try {
    if (principal.kind === "ticket") await consumeTicket(principal.ticket, streamOpener.tickets);
    const body = await streamOpener.hub.subscribe({
      ...input,
      filters,
      rightsEndAt: rightsEndAt(principal, filters),
      onEnd(reason) {
        if (reason === "gone" || !completed) admission.release();
      },
    });
    if (body !== null) return new Response(body, { headers: EVENT_STREAM_HEADERS });
    admission.release();
    return new Response(null, { status: 204 }); // An EventSource does not reconnect after 204.
  } catch (thrown) {
    admission.release();
    throw thrown;
  }
}

/** Returns the time at which the rights to the topics end. Returns undefined if they do not end, or if none is needed. */
function rightsEndAt(principal: Principal, filters: readonly TopicFilter[]): number | undefined {
  const isNeeded = filters.some(({ topic }) => topic.access !== "public");
  return isNeeded && "expiresAt" in principal ? principal.expiresAt : undefined;
}

/**
 * Consumes a ticket. Only an admitted stream may call it, so that a refused one leaves the ticket valid.
 *
 * @throws {Problem} 401 `bad_ticket`: it was consumed before.
 */
async function consumeTicket(ticket: string, tickets: StreamOpener["tickets"]): Promise<void> {
  if (await tickets.consume(ticket)) return;
  throw unauthorized(
    "bad_ticket",
    "The ticket was used before. Request a new one for each stream.",
  );
}

/**
 * Opens a stream whose rights are in the store. While the store is unavailable, a client that accepts a stream receives
 * `busy`: a status would end its reconnect loop.
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
    const retryAfterMs = jitteredRetryMs(random);
    return busyResponse({ reason: "isolate", limit, inUse, retryAfterMs }, pollUrl);
  }
}

/**
 * Responds with a stream that is none of the hub, or with an answer that takes as long. It takes a slot.
 *
 * @param respond Creates the response. It must call `onEnd` when the body ends.
 * @throws {Problem} 429 or 503: a limit is exhausted.
 */
export async function withSlot(
  c: Context<AppEnv>,
  streamOpener: StreamOpener,
  principal: Principal,
  respond: (onEnd: () => void) => Promise<Response>,
): Promise<Response> {
  const admission = admit(c, streamOpener, principal);
  if ("reason" in admission) throw refusalProblem(admission);
  const { completed } = c.env ?? {};
  completed?.then(admission.release, admission.release);
  try {
    return await respond(() => {
      if (!completed) admission.release();
    });
  } catch (thrown) {
    admission.release();
    throw thrown;
  }
}

/** Takes a slot and consumes one opening of a client, or counts and returns its refusal. */
function admit(
  c: Context<AppEnv>,
  streamOpener: StreamOpener,
  principal: Principal,
): Slot | StreamRefusal {
  const { metrics, clientIpHeader } = streamOpener;
  const admission = consumeSlot(streamOpener, principalKey(c, principal, clientIpHeader));
  if ("reason" in admission) metrics.refused(admission.reason);
  return admission;
}

function consumeSlot(
  { budget, opens, random, isDraining }: StreamOpener,
  client: string,
): Slot | StreamRefusal {
  if (isDraining()) {
    const { limit, inUse } = budget;
    return { reason: "drain", limit, inUse, retryAfterMs: jitteredRetryMs(random) };
  }
  const slot = budget.take(client);
  if ("reason" in slot) return { ...slot, retryAfterMs: jitteredRetryMs(random) };

  const rate = opens.consume(client);
  if (rate.isAllowed) return slot;
  slot.release();
  return {
    reason: "rate",
    limit: rate.limit,
    inUse: rate.limit - rate.remaining,
    retryAfterMs: Math.max(jitteredRetryMs(random), Math.ceil(rate.retryAfterMs)),
  };
}

function jitteredRetryMs(random: () => number): number {
  return MIN_RETRY_MS + Math.round(random() * (MAX_RETRY_MS - MIN_RETRY_MS));
}

/** Creates a stream of one `busy`, because a native EventSource gives up on any other status, and ignores `Retry-After`. */
function busyResponse(
  { reason, limit, inUse, retryAfterMs }: StreamRefusal,
  pollUrl: string | null,
): Response {
  const retry = Math.min(retryAfterMs, MAX_RETRY_MS);
  const data = { reason, limit, in_use: inUse, retry_after_ms: retry, poll_url: pollUrl };
  const body = encodeFrames({ retry, event: "busy", data: JSON.stringify(data) });
  return new Response(body, { headers: EVENT_STREAM_HEADERS });
}

/** Creates the problem of a refused stream: 503 for the server's capacity, 429 for this client's limit. */
function refusalProblem({ reason, limit, retryAfterMs }: StreamRefusal): Problem {
  const isServerLimit = reason === "isolate" || reason === "drain";
  const exhausted = { limit, remaining: 0, retryAfterMs };
  const headers = reason === "rate"
    ? rateLimitHeaders({ name: "opens", windowS: 60, ...exhausted })
    : rateLimitHeaders({ name: "streams", ...exhausted });
  return new Problem(isServerLimit ? 503 : 429, `busy_${reason}`, REFUSAL_TEXTS[reason], {
    retryAfterMs,
    headers,
  });
}
