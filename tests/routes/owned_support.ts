/**
 * The app, and requests of the publisher and of users for owned resources.
 *
 * @module
 */
import { assert } from "@std/assert";
import { type Client, createClient } from "../hub/support.ts";
import { AUTH_SECRET, signToken } from "../support/user_token.ts";
import { type AppUnderTest, createAppUnderTest, TOKEN } from "./support.ts";

/** The header of the publisher's token. */
export const AS_PUBLISHER = { authorization: `Bearer ${TOKEN}` };

/** The time in seconds at which the app's clock starts. */
export const START_S = 1_700_000_000;

/** Creates the header of a user's token, which expires a day after the start of the app's clock. @param claims Further claims. */
export function asUser(
  sub: string,
  claims: Record<string, unknown> = {},
): { authorization: string } {
  const token = signToken({ sub, exp: START_S + 86_400, ...claims });
  return { authorization: `Bearer ${token}` };
}

/** A time longer than the delay of a flush. */
const FLUSH_MS = 20;

/** An app that accepts users' tokens. */
export interface AppWithUsers extends AppUnderTest {
  /** Sends a request, with a JSON body if one is given. */
  request(method: string, path: string, headers: HeadersInit, body?: unknown): Promise<Response>;
}

/** Creates an app that accepts users' tokens. @param random Replaces the constant random number. */
export function createAppWithUsers(
  env: Readonly<Record<string, string>> = {},
  random?: () => number,
): AppWithUsers {
  const test = createAppUnderTest({ AUTH_SECRET, ...env }, undefined, undefined, random);
  return Object.assign(test, {
    async request(method: string, path: string, headers: HeadersInit, body?: unknown) {
      const requestHeaders = new Headers(headers);
      if (body !== undefined) requestHeaders.set("content-type", "application/json");
      const init = body === undefined ? {} : { body: JSON.stringify(body) };
      const flight = test.app.request(path, { method, headers: requestHeaders, ...init });
      await test.clock.advance(0);
      return await flight;
    },
  });
}

/** Opens a stream and reads it until the caller hangs up. Fails if it is refused. */
export async function follow(
  test: AppUnderTest,
  path: string,
  headers: Record<string, string>,
): Promise<Client> {
  const flight = test.app.request(path, { headers: { accept: "text/event-stream", ...headers } });
  await test.clock.advance(0);
  const { status, body } = await flight;
  assert(status === 200 && body !== null, `${path} responds with ${status}`);
  const client = createClient(body).live();
  await test.clock.advance(FLUSH_MS);
  return client;
}
