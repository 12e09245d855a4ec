// @ts-check
/// <reference lib="dom" />
/**
 * Which tab leads: the one with the lock.
 *
 * @module
 */

/**
 * @param {Pick<LockManager, "request">} locks
 * @param {string} name
 * @param {() => void} won
 * @param {() => void} lost
 */
export function createTurn(locks, name, won, lost) {
  /** @type {AbortController | undefined} */
  let turn;

  function leave() {
    turn?.abort();
    turn = undefined;
  }

  /** @param {boolean} [steal] From a tab that sleeps. */
  function queue(steal) {
    leave();
    const mine = turn = new AbortController();
    const { signal } = mine;
    locks.request(name, steal ? { steal } : { signal }, () => {
      if (signal.aborted) return;
      won();
      return new Promise((_, release) => {
        signal.onabort = release;
        if (signal.aborted) release();
      });
    }).catch((error) => {
      if (signal.aborted) return;
      // A page without locks: each for itself.
      if (error.name !== "AbortError") return won();
      lost();
      queue();
    });
  }

  return { queue, leave };
}
