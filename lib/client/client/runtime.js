// @ts-check
/// <reference lib="dom" />
/**
 * The browser's effects. The modules of this folder access globals only through them.
 *
 * @module
 */

/** @import { BrowserRuntime, LifecycleEvent } from "./types.js" */

/**
 * Creates the runtime of a page, a worker or a server. Globals may be absent.
 *
 * @returns {BrowserRuntime}
 */
export function browserRuntime() {
  const { document, navigator, performance } = globalThis;
  return {
    now: () => Date.now(),
    elapsed: () => performance.timeOrigin + performance.now(),
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
    onLifecycleEvent(listener) {
      const controller = new AbortController();
      const { signal } = controller;
      /** @type {(target: EventTarget | undefined, names: readonly LifecycleEvent[]) => void} */
      const listen = (target, names) => {
        for (const name of names) {
          target?.addEventListener(name, () => listener(name), { signal });
        }
      };
      listen(globalThis, ["online", "offline", "pagehide"]);
      listen(document, ["freeze", "resume"]);
      globalThis.addEventListener?.(
        "pageshow",
        // The first `pageshow` of a page restores nothing.
        ({ persisted }) => persisted && listener("pageshow"),
        { signal },
      );
      document?.addEventListener(
        "visibilitychange",
        () => listener(document.hidden ? "hidden" : "visible"),
        { signal },
      );
      return () => controller.abort();
    },
    locks: navigator?.locks,
    openChannel: (name) => globalThis.BroadcastChannel && new BroadcastChannel(name),
    report: (error) => reportError(error),
  };
}
