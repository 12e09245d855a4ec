/**
 * Deadlines of asynchronous tasks.
 *
 * @module
 */
import type { Clock } from "./clock.ts";

/**
 * Runs a task with a deadline of `ms` milliseconds. At the deadline the signal aborts, and the promise rejects at once: not
 * every task heeds a signal.
 *
 * @param late Creates the error of a missed deadline, which is also the signal's reason.
 * @throws The error of `late` at the deadline, else the error of the task.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  late: () => Error,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const deadline = Promise.withResolvers<never>();
  const cancel = clock.after(ms, () => {
    const error = late();
    deadline.reject(error);
    controller.abort(error);
  });
  try {
    return await Promise.race([task(controller.signal), deadline.promise]);
  } finally {
    cancel();
  }
}
