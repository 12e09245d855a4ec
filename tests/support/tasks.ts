/**
 * Tasks over HTTP, as a publisher begins and works on them.
 *
 * @module
 */
import { z } from "zod";
import { requestAsPublisher, sendAsPublisher } from "./publisher.ts";
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

/** A publisher of tasks. */
export function createTaskPublisher(token?: string) {
  return {
    /** Creates a task that processes a session. @returns The task's path. */
    async process(origin: string, session: string): Promise<string> {
      const url = `${origin}${session}/process`;
      return `/v1/tasks/${
        (await requestAsPublisher(BEGUN, "POST", url, undefined, token)).task_id
      }`;
    },
    /** Reads the state of a task. */
    status: (origin: string, task: string) =>
      requestAsPublisher(TASK, "GET", `${origin}${task}/status`, undefined, token),
    /** Claims a task. @returns Null if another worker was faster. */
    async claim(origin: string, task: string): Promise<string | null> {
      const { status, text } = await sendAsPublisher(
        "POST",
        `${origin}${task}/claim`,
        undefined,
        token,
      );
      return status === 409 ? null : parse(TASK, text).claim ?? null;
    },
    /** Reports as a task's worker. Fails where that is refused. */
    async report(origin: string, task: string, body: unknown): Promise<void> {
      await requestAsPublisher(TASK, "PATCH", origin + task, body, token);
    },
  };
}
