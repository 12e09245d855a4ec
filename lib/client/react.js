// @ts-check
/// <reference lib="dom" />
/**
 * React hooks. Components that ask for the same share one connection, which ends shortly after the last of them.
 *
 * `react` is imported by its name: by the application's bundler, or by an import map.
 *
 * @module
 */
// @ts-types="@types/react"
import { createContext, createElement, useContext, useMemo, useSyncExternalStore } from "react";
import { connect } from "./client.js";
import { baseOf, newsAddressOf } from "./client/url.js";
import { EMPTY } from "./client/model.js";
import { NO_FEED } from "./client/no_feed.js";
import { createStore } from "./client/store.js";
import { browserWorld } from "./client/runtime.js";

/** @import { Context, ReactNode } from "react" */
/** @import { Kept, Model } from "./client/model.js" */
/** @import { Options as ConnectOptions, State } from "./client/types.js" */

/**
 * As of `connect`. Without `url` it is the server this file came from. With `topics`, several hooks share the connection
 * of these topics; without, each has its own topic. Functions are taken from whoever connects first.
 *
 * @typedef {Partial<ConnectOptions>} Options
 */

/** @type {Map<string, ReturnType<typeof createStore>>} Those that somebody looks at, by what they ask for. */
const stores = new Map();

/** @type {Context<Options>} */
const Defaults = createContext({});

/**
 * Options for all hooks below: `<Edgetape url="https://edge.example.com" topics={["quotes", "news"]}>`.
 *
 * @param {Options & { children?: ReactNode }} props
 */
export function Edgetape({ children, ...options }) {
  return createElement(Defaults.Provider, { value: options }, children);
}

/** What two who ask for the same have in common. @param {Options} options */
function keyOf(options) {
  const entries = Object.entries(options).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.toSorted() : value,
  ]);
  return JSON.stringify(entries.sort());
}

/** @param {ConnectOptions} options @returns {() => Promise<Kept[]>} */
function newsOf({ url, sources, withCredentials }) {
  return async () => {
    const list = newsAddressOf(baseOf(url, browserWorld().baseUrl), sources);
    const answer = await fetch(list, { credentials: withCredentials ? "include" : "same-origin" });
    if (!answer.ok) throw new Error(`${list} answers ${answer.status}`);
    return (await answer.json()).articles;
  };
}

/**
 * @param {string} key
 * @param {ConnectOptions} options
 */
function open(key, options) {
  const { after, report } = browserWorld();
  const store = createStore({
    connect: () => connect(options),
    askNews: options.topics.includes("news") ? newsOf(options) : null,
    batch: (run) => void requestAnimationFrame(run),
    after,
    report,
    onClose: () => void stores.delete(key),
  });
  stores.set(key, store);
  return store;
}

/**
 * Looks at a store. It comes about when the component is mounted: rendering, on a server too, starts nothing.
 *
 * @template T
 * @param {string | null} topic Null: at nothing yet.
 * @param {Options} options
 * @param {(model: Model, state: State) => T} select Gives the same where nothing has changed.
 * @returns {T}
 */
function useStore(topic, options, select) {
  const given = { ...useContext(Defaults), ...options };
  const topics = topic && given.topics?.includes(topic) ? given.topics : [topic ?? ""];
  const whole = { url: new URL(".", import.meta.url).href, ...given, topics };
  const key = keyOf(whole);
  const subscribe = useMemo(
    () => (/** @type {() => void} */ listener) =>
      topic === null ? () => {} : (stores.get(key) ?? open(key, whole)).subscribe(listener),
    [key],
  );
  return useSyncExternalStore(
    subscribe,
    () => select(stores.get(key)?.model() ?? EMPTY, stores.get(key)?.state() ?? NO_FEED),
    () => select(EMPTY, NO_FEED),
  );
}

/** Quotes by symbol. @param {Options} [options] */
export function useQuotes(options = {}) {
  return useStore("quotes", options, ({ quotes }) => quotes);
}

/** One quote: nothing is rendered for the others. @param {string} symbol @param {Options} [options] */
export function useQuote(symbol, options = {}) {
  return useStore("quotes", options, ({ quotes }) => quotes[symbol] ?? null);
}

/** How the providers of quotes are doing, by name. @param {Options} [options] */
export function useStatus(options = {}) {
  return useStore("quotes", options, ({ status }) => status);
}

/** Articles, newest first: at most 200. @param {Options} [options] */
export function useNews(options = {}) {
  return useStore("news", options, ({ news }) => news);
}

/**
 * An operation, null until it is known.
 *
 * @param {string | null} id Null where there is none yet.
 * @param {Options} [options]
 */
export function useOperation(id, options = {}) {
  return useStore(
    id && `operations/${id}`,
    options,
    ({ operations }) => id && operations[id] || null,
  );
}

/**
 * A session, null until it is known.
 *
 * @param {string | null} id Null where there is none yet.
 * @param {Options} [options]
 */
export function useSession(id, options = {}) {
  return useStore(id && `sessions/${id}`, options, ({ sessions }) => id && sessions[id] || null);
}

/** How the connection is doing that `topics` name; without them the one of `useQuotes`. @param {Options} [options] */
export function useStreamState(options = {}) {
  const { topics = ["quotes"] } = { ...useContext(Defaults), ...options };
  return useStore(topics[0] ?? null, { ...options, topics }, (_, state) => state);
}
