/**
 * The app, and a publisher of sessions.
 *
 * @module
 */
import { AS_PUBLISHER, createAppWithUsers } from "./owned_support.ts";

/** The headers of a check. */
export const CHECK = { accept: "application/json" };
/** The headers of a stream. */
export const STREAM = { accept: "text/event-stream" };

/** Creates an app and a publisher of sessions. */
export function createSessionsTest(env: Readonly<Record<string, string>> = {}) {
  const test = createAppWithUsers(env);
  return Object.assign(test, {
    /** Requests a new session. */
    create: (headers = {}, body: unknown = { owner: "ann" }) =>
      test.request("POST", "/v1/sessions", { ...AS_PUBLISHER, ...headers }, body),
    /** Creates a session. Returns its path. */
    async createSession(): Promise<string> {
      const { id } = await (await this.create()).json();
      return `/v1/sessions/${id}`;
    },
    /** Reports on a session. */
    report: (path: string, body: unknown) => test.request("PATCH", path, AS_PUBLISHER, body),
  });
}
