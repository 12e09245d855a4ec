/**
 * Requests that come again under their key, and are answered as the first time.
 *
 * @module
 */
import type { Context, MiddlewareHandler, Next } from "hono";
import { z } from "zod";
import { IDEMPOTENCY_KEY_MS, type IdempotencyKey, keyReused } from "../store/event_log.ts";
import type { Store } from "../store/store.ts";
import type { AppEnv } from "./client_address.ts";
import { IdempotencyHeader, idempotencyKeyOf } from "./publish_middleware.ts";

const FirstAnswer = z.object({
  fingerprint: z.string(),
  status: z.int(),
  type: z.string().nullable(),
  body: z.string(),
});

function answerAgain(
  c: Context<AppEnv>,
  { status, type, body }: z.infer<typeof FirstAnswer>,
): Response {
  const response = new Response(body === "" ? null : body, {
    status,
    headers: type === null ? {} : { "content-type": type },
  });
  return c.newResponse(response.body, response);
}

/**
 * Answers a request whose `Idempotency-Key` came before with the first answer, where that was no refusal; one that
 * comes while the first is under way on this isolate waits for it. To be used after the publisher's rights were checked.
 *
 * @throws {Problem} 422 `idempotency_key_reused` where the key came with another body.
 */
export function idempotent(store: Pick<Store, "get" | "set">): MiddlewareHandler<AppEnv> {
  /** The requests under way, by what makes them one. */
  const running = new Map<string, Promise<void>>();

  /** Gives the first answer again, or lets the request run and keeps what it is answered. */
  async function answer(c: Context<AppEnv>, next: Next, { key, fingerprint }: IdempotencyKey) {
    const name = `answer:${key}`;
    const kept = await store.get(name);
    if (kept !== null) {
      const first = FirstAnswer.parse(JSON.parse(kept));
      if (first.fingerprint === fingerprint) return answerAgain(c, first);
      throw keyReused();
    }
    await next();
    if (!c.res.ok) return undefined;
    const own: z.infer<typeof FirstAnswer> = {
      fingerprint,
      status: c.res.status,
      type: c.res.headers.get("content-type"),
      body: await c.res.clone().text(),
    };
    await store.set(name, JSON.stringify(own), IDEMPOTENCY_KEY_MS);
    return undefined;
  }

  return async (c, next) => {
    const key = c.req.header("idempotency-key");
    const idempotencyKey = IdempotencyHeader.safeParse(key).success
      ? await idempotencyKeyOf(c, key)
      : undefined;
    if (idempotencyKey === undefined) return await next(); // without a key, or with one that is refused
    for (let other; (other = running.get(idempotencyKey.key));) await other;
    const { promise, resolve } = Promise.withResolvers<void>();
    running.set(idempotencyKey.key, promise);
    try {
      return await answer(c, next, idempotencyKey);
    } finally {
      running.delete(idempotencyKey.key);
      resolve();
    }
  };
}
