/**
 * Idempotent requests: a repeated `Idempotency-Key` returns the first response.
 *
 * @module
 */
import type { Context, MiddlewareHandler, Next } from "hono";
import { z } from "zod";
import { Problem } from "../core/problem.ts";
import { randomId } from "../core/random_id.ts";
import { createSerial } from "../core/serial.ts";
import { IDEMPOTENCY_KEY_MS, type IdempotencyKey, keyReused } from "../store/event_log.ts";
import type { Store } from "../store/store.ts";
import type { AppEnv } from "./app_env.ts";
import { IdempotencyHeader, readIdempotencyKey } from "./publish_middleware.ts";

/** The lifetime of a reservation in milliseconds, after which an isolate that died no longer blocks a key. */
const RESERVATION_MS = 10_000;

/** The delay before a client repeats a request that another isolate is handling, in milliseconds. */
const IN_PROGRESS_RETRY_MS = 1000;

/** The record of a key: the first response, or the reservation of the isolate that handles the request. */
const KeyRecord = z.union([
  z.object({
    fingerprint: z.string(),
    status: z.int(),
    type: z.string().nullable(),
    body: z.string(),
  }),
  z.object({ fingerprint: z.string(), reservation: z.string() }),
]);

/**
 * Creates the response that a record holds.
 *
 * @throws {Problem} 422 `idempotency_key_reused`: the body differs. 409 `request_in_progress`: no response is stored yet.
 */
function repeatResponse(c: Context<AppEnv>, json: string, fingerprint: string): Response {
  const record = KeyRecord.parse(JSON.parse(json));
  if (record.fingerprint !== fingerprint) throw keyReused();
  if ("reservation" in record) {
    const detail =
      "A request with this `Idempotency-Key` is in progress. Repeat it for its answer.";
    throw new Problem(409, "request_in_progress", detail, { retryAfterMs: IN_PROGRESS_RETRY_MS });
  }
  const { status, type, body } = record;
  const headers = type === null ? {} : { "content-type": type };
  const response = new Response(body === "" ? null : body, { status, headers });
  return c.newResponse(response.body, response);
}

/**
 * Creates the middleware that responds to a repeated `Idempotency-Key` with the first response, unless that was a refusal.
 * The key is reserved in the store before the handler runs, so that only one isolate runs it. A repeated request on the
 * same isolate waits for the first one. The middleware must come after the check of the publisher's rights.
 *
 * @throws {Problem} 422 `idempotency_key_reused`; 409 `request_in_progress`.
 */
export function idempotent(
  { store, random }: { readonly store: Pick<Store, "cas" | "set">; readonly random: () => number },
): MiddlewareHandler<AppEnv> {
  const serial = createSerial();

  async function respond(
    c: Context<AppEnv>,
    next: Next,
    { key, fingerprint }: IdempotencyKey,
  ): Promise<Response | undefined> {
    const name = `answer:${key}`;
    const reservation = JSON.stringify({ fingerprint, reservation: randomId(random) });
    const stored = await store.cas(name, null, reservation, RESERVATION_MS);
    if (stored !== null && stored !== reservation) {
      return repeatResponse(c, stored, fingerprint);
    }
    await next();
    if (!c.res.ok) {
      await store.cas(name, reservation, null).catch(() => {}); // It expires in any case.
      return undefined;
    }
    const record: z.infer<typeof KeyRecord> = {
      fingerprint,
      status: c.res.status,
      type: c.res.headers.get("content-type"),
      body: await c.res.clone().text(),
    };
    await store.set(name, JSON.stringify(record), IDEMPOTENCY_KEY_MS);
    return undefined;
  }

  return async (c, next) => {
    const header = c.req.header("idempotency-key");
    const isValid = IdempotencyHeader.safeParse(header).success;
    const key = isValid ? await readIdempotencyKey(c, header) : undefined;
    if (key === undefined) return await next(); // The route refuses an invalid key.
    return await serial(() => respond(c, next, key), key.key);
  };
}
