/**
 * Deadlines of asynchronous tasks.
 *
 * @module
 */
import type { Clock } from "./clock.ts";

/**
 * Runs a task with a deadline. At the deadline the signal aborts, and the promise rejects without waiting for the task,
 * because not every task heeds a signal.
 *
 * @param timeoutMs The time until the deadline, in milliseconds.
 * @param createError Creates the error of a missed deadline, which is also the signal's reason.
 * @throws The created error at the deadline, else the error of the task.
 */
export async function withDeadline<T>(
  clock: Clock,
  timeoutMs: number,
  createError: () => Error,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const deadline = Promise.withResolvers<never>();
  const cancel = clock.after(timeoutMs, () => {
    const error = createError();
    deadline.reject(error);
    controller.abort(error);
  });
  try {
    return await Promise.race([task(controller.signal), deadline.promise]);
  } finally {
    cancel();
  }
}
