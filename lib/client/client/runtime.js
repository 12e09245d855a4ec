// @ts-check
/// <reference lib="dom" />
/**
 * The browser, as the client sees it.
 *
 * @module
 */

/** @import { Wake, World } from "./types.js" */

/**
 * The only place that touches globals. Those that a worker or a server lacks may be absent.
 *
 * @returns {World}
 */
export function browserWorld() {
  const { document, navigator, performance } = globalThis;
  return {
    now: () => performance.timeOrigin + performance.now(),
    wallClock: () => Date.now(),
    after(ms, run) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    random: Math.random,
    fetch: (...request) => fetch(...request),
    EventSource: globalThis.EventSource,
    baseUrl: document?.baseURI,
    isHidden: () => document?.hidden ?? false,
    isOnline: () => navigator?.onLine ?? true,
    onWake(listener) {
      const signs = new AbortController();
      /** @type {(target: EventTarget | undefined, names: readonly Wake[]) => void} */
      const listen = (target, names) => {
        for (const name of names) {
          target?.addEventListener(name, () => listener(name), { signal: signs.signal });
        }
      };
      listen(globalThis, ["online", "offline", "pagehide"]);
      listen(document, ["freeze", "resume"]);
      globalThis.addEventListener?.(
        "pageshow",
        // Every page is shown once at first.
        ({ persisted }) => persisted && listener("pageshow"),
        { signal: signs.signal },
      );
      document?.addEventListener(
        "visibilitychange",
        () => listener(document.hidden ? "hidden" : "visible"),
        { signal: signs.signal },
      );
      return () => signs.abort();
    },
    locks: navigator?.locks,
    channel: (name) => globalThis.BroadcastChannel && new BroadcastChannel(name),
    report: (error) => reportError(error),
  };
}
