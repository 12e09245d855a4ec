// @ts-check
/// <reference lib="dom" />
/**
 * The browser.
 *
 * @module
 */

/** @returns {import("./types.js").World} */
export function browserWorld() {
  return {
    base: document.baseURI,
    now: () => Date.now(),
    elapsed: () => performance.now(),
    after(ms, run) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    random: () => Math.random(),
    fetch: (input, init) => fetch(input, init),
    EventSource: globalThis.EventSource,
    isHidden: () => document.hidden,
    isOnline: () => navigator.onLine,
    onWake(listener) {
      const stop = new AbortController();
      const { signal } = stop;
      /** @param {EventTarget} target @param {import("./types.js").Wake[]} all */
      const hear = (target, ...all) =>
        all.forEach((why) => target.addEventListener(why, () => listener(why), { signal }));
      hear(globalThis, "online", "offline", "pagehide");
      // Every page is shown once at first.
      addEventListener("pageshow", (e) => e.persisted && listener("pageshow"), { signal });
      hear(document, "freeze", "resume");
      document.addEventListener(
        "visibilitychange",
        () => listener(document.hidden ? "hidden" : "visible"),
        { signal },
      );
      return () => stop.abort();
    },
    locks: navigator.locks,
    channel: (name) => globalThis.BroadcastChannel && new BroadcastChannel(name),
  };
}
