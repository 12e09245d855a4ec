/**
 * The app, and a publisher of sessions.
 *
 * @module
 */
import { AS_PUBLISHER, createAppWithUsers } from "./owned_support.ts";

/** The headers of a check, and of a stream. */
export const CHECK = { accept: "application/json" };
export const STREAM = { accept: "text/event-stream" };

/** Creates an app. */
export function createSessionsTest(env: Readonly<Record<string, string>> = {}) {
  const test = createAppWithUsers(env);
  return Object.assign(test, {
    create: (headers = {}, body: unknown = { owner: "ann" }) =>
      test.request("POST", "/v1/sessions", { ...AS_PUBLISHER, ...headers }, body),
    /** Creates a session. @returns Its path. */
    async created(): Promise<string> {
      const { id } = await (await this.create()).json();
      return `/v1/sessions/${id}`;
    },
    change: (path: string, body: unknown) => test.request("PATCH", path, AS_PUBLISHER, body),
  });
}
