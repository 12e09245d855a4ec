/**
 * The app, and requests of the publisher and of users for owned resources.
 *
 * @module
 */
import { assert } from "@std/assert";
import { type Client, createClient } from "../hub/support.ts";
import { AUTH_SECRET, signToken } from "../support/user_token.ts";
import { type AppUnderTest, createAppUnderTest, TOKEN } from "./support.ts";

/** The publisher's header. */
export const OF_PUBLISHER = { authorization: `Bearer ${TOKEN}` };

/** Returns the header of a user's token, which expires by the app's clock. */
export function of(sub: string, more: Record<string, unknown> = {}) {
  const claims = { sub, exp: 1_700_000_000 + 86_400, ...more };
  return { authorization: `Bearer ${signToken(claims)}` };
}

/** An app that knows users. */
export interface AppWithUsers extends AppUnderTest {
  /** Sends a request, with a JSON body if one is given. */
  request(method: string, path: string, headers: HeadersInit, body?: unknown): Promise<Response>;
}

/** Creates an app that knows users. @param random Replaces the constant random number. */
export function createAppWithUsers(
  env: Readonly<Record<string, string>> = {},
  random?: () => number,
): AppWithUsers {
  const test = createAppUnderTest({ AUTH_SECRET, ...env }, undefined, undefined, random);
  return Object.assign(test, {
    async request(method: string, path: string, headers: HeadersInit, body?: unknown) {
      const all = new Headers(headers);
      if (body !== undefined) all.set("content-type", "application/json");
      const init = body === undefined ? {} : { body: JSON.stringify(body) };
      const flight = test.app.request(path, { method, headers: all, ...init });
      await test.clock.advance(0);
      return await flight;
    },
  });
}

/** Opens a stream and reads everything from it. */
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
