/**
 * The app, and those who ask for what is somebody's: its publisher, its owner, strangers.
 *
 * @module
 */
import { assert } from "@std/assert";
import { type Client, createClient } from "../hub/support.ts";
import { AUTH_SECRET, signToken } from "../support/user_token.ts";
import { type AppUnderTest, createAppUnderTest, TOKEN } from "./support.ts";

/** The publisher. */
export const OF_PUBLISHER = { authorization: `Bearer ${TOKEN}` };

/** A user's token: of the clock the app stands on. */
export function of(sub: string, more: Record<string, unknown> = {}) {
  const claims = { sub, exp: 1_700_000_000 + 86_400, ...more };
  return { authorization: `Bearer ${signToken(claims)}` };
}

/** An app that answers at once. */
export interface AskedApp extends AppUnderTest {
  /** Asks, with a body of JSON where one is given. */
  ask(method: string, path: string, headers: HeadersInit, body?: unknown): Promise<Response>;
}

/** Creates one that knows users. @param random Stands in for chance, which has no say. */
export function createAskedApp(
  env: Readonly<Record<string, string>> = {},
  random?: () => number,
): AskedApp {
  const test = createAppUnderTest({ AUTH_SECRET, ...env }, undefined, undefined, random);
  return Object.assign(test, {
    async ask(method: string, path: string, headers: HeadersInit, body?: unknown) {
      const all = new Headers(headers);
      if (body !== undefined) all.set("content-type", "application/json");
      const init = body === undefined ? {} : { body: JSON.stringify(body) };
      const flight = test.app.request(path, { method, headers: all, ...init });
      await test.clock.advance(0);
      return await flight;
    },
  });
}

/** Opens a stream and reads it on and on. */
export async function follow(
  test: AppUnderTest,
  path: string,
  headers: Record<string, string>,
): Promise<Client> {
  const flight = test.app.request(path, { headers: { accept: "text/event-stream", ...headers } });
  await test.clock.advance(0);
  const { status, body } = await flight;
  assert(status === 200 && body !== null, `${path} answers ${status}`);
  const client = createClient(body).live();
  await test.clock.advance(20);
  return client;
}
