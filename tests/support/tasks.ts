/**
 * Tasks over HTTP, as a publisher begins and works on them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { z } from "zod";
import { parse } from "./shapes.ts";

const BEGUN = z.object({ task_id: z.string(), status_url: z.string() });

const TASK = z.object({
  state: z.string(),
  attempts: z.int(),
  progress: z.number().nullable(),
  result: z.unknown(),
  updated_at: z.string(),
  claim: z.string().optional(),
});

/** Asks as a publisher does. */
export async function askAs(token: string, method: string, url: string, body?: unknown) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(url, { method, headers, ...init });
  return { status: answer.status, text: await answer.text() };
}

/** A publisher of tasks. */
export function createTaskPublisher(token: string) {
  const ask = (method: string, url: string, body?: unknown) => askAs(token, method, url, body);
  return {
    ask,
    /** Has a session processed. @returns The task's path. */
    async process(origin: string, session: string): Promise<string> {
      const { status, text } = await ask("POST", `${origin}${session}/process`);
      assertEquals(status, 202, text);
      return `/v1/tasks/${parse(BEGUN, text).task_id}`;
    },
    /** How a task is going. */
    async status(origin: string, task: string) {
      const { status, text } = await ask("GET", `${origin}${task}/status`);
      assertEquals(status, 200, text);
      return parse(TASK, text);
    },
    /** Claims a task. Null where another was faster. */
    async claim(origin: string, task: string): Promise<string | null> {
      const { status, text } = await ask("POST", `${origin}${task}/claim`);
      if (status === 409) return null;
      assertEquals(status, 200, text);
      return parse(TASK, text).claim ?? null;
    },
    /** Reports as a task's worker. Fails where that is refused. */
    async report(origin: string, task: string, body: unknown): Promise<void> {
      const { status, text } = await ask("PATCH", origin + task, body);
      assertEquals(status, 200, text);
    },
  };
}
