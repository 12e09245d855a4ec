/**
 * The longest a task may take.
 *
 * @module
 */
import type { Clock } from "./clock.ts";

/**
 * Runs a task against a deadline. The signal tells the task to let go; the promise does not wait until it does, since
 * not everything heeds a signal.
 *
 * @param late What to reject with, and the reason the signal gives.
 * @throws What `late` returns, at the deadline; else whatever the task rejects with.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  late: () => Error,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const deadline = Promise.withResolvers<never>();
  const callOff = clock.after(ms, () => {
    const error = late();
    deadline.reject(error);
    controller.abort(error);
  });
  try {
    return await Promise.race([task(controller.signal), deadline.promise]);
  } finally {
    callOff();
  }
}
