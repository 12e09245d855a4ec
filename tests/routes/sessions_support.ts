/**
 * The app, and a publisher of sessions.
 *
 * @module
 */
import { createAskedApp, OF_PUBLISHER } from "./owned_support.ts";

/** The headers of a check, and of a stream. */
export const CHECK = { accept: "application/json" };
export const STREAM = { accept: "text/event-stream" };

/** Creates an app. */
export function createSessionsTest(env: Readonly<Record<string, string>> = {}) {
  const test = createAskedApp(env);
  return Object.assign(test, {
    create: (headers = {}, body: unknown = { owner: "ann" }) =>
      test.ask("POST", "/v1/sessions", { ...OF_PUBLISHER, ...headers }, body),
    /** Begins one. @returns Its path. */
    async begun(): Promise<string> {
      const { id } = await (await this.create()).json();
      return `/v1/sessions/${id}`;
    },
    change: (path: string, body: unknown) => test.ask("PATCH", path, OF_PUBLISHER, body),
  });
}
