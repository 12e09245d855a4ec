// @ts-check
/// <reference lib="dom" />
/**
 * React hooks. Components that request the same topics share one connection, which closes shortly after the last of them
 * unmounts. The application's bundler or an import map resolves `react`.
 *
 * @module
 */
// @ts-types="@types/react"
import { createContext, createElement, useContext, useMemo, useSyncExternalStore } from "react";
import { connect } from "./client.js";
import { createChat } from "./client/chat.js";
import { EMPTY_MODEL, MAX_ARTICLES } from "./client/model.js";
import { requestNews } from "./client/news_request.js";
import { browserRuntime } from "./client/runtime.js";
import { IDLE_STATE } from "./client/state.js";
import { createModelStore } from "./client/store.js";
import { serverUrl } from "./client/url.js";

/** @import { Context, ReactNode } from "react" */
/** @import { ChatOptions } from "./client/chat.js" */
/** @import { Model, ModelItem } from "./client/model.js" */
/** @import { ConnectionState, ConnectOptions } from "./client/types.js" */

/**
 * Options of `connect`. The default of `url` is the server of this file. With `topics`, several hooks share the connection
 * of these topics; without, each hook follows its own topic. Functions such as `ticket` are those of the first component that
 * connects.
 *
 * @typedef {Partial<ConnectOptions>} HookOptions
 */

/** The open stores, by {@linkcode hookKeyOf} their options. @type {Map<string, ReturnType<typeof createModelStore>>} */
const stores = new Map();

/** @type {Context<HookOptions>} */
const DefaultOptions = createContext({});

/**
 * Sets options for all hooks below: `<Edgetape url="https://edge.example.com" topics={["quotes", "news"]}>`.
 *
 * @param {HookOptions & { children?: ReactNode }} props
 */
export function Edgetape({ children, ...options }) {
  return createElement(DefaultOptions.Provider, { value: options }, children);
}

/** Computes a key that equal options share. Functions are not compared. @param {HookOptions} options */
function hookKeyOf(options) {
  const entries = Object.entries(options).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.toSorted() : value,
  ]);
  return JSON.stringify(entries.toSorted());
}

/**
 * Creates a function that loads the newest articles.
 *
 * @param {ConnectOptions} options
 * @returns {() => Promise<ModelItem[]>}
 */
function createNewsLoader({ url, sources, withCredentials = false }) {
  const runtime = browserRuntime();
  const server = serverUrl(url, runtime.baseUrl);
  return async () => {
    const query = { limit: MAX_ARTICLES, sources, withCredentials };
    return (await requestNews(runtime, server, query)).articles;
  };
}

/** Opens a store, which other hooks find by its key until it closes. @param {string} key @param {ConnectOptions} options */
function openStore(key, options) {
  const { after, report } = browserRuntime();
  const store = createModelStore({
    feed: connect(options),
    loadNews: options.topics.includes("news") ? createNewsLoader(options) : null,
    batch: (run) => void requestAnimationFrame(run),
    after,
    report,
    onClose: () => void stores.delete(key),
  });
  stores.set(key, store);
  return store;
}

/**
 * Subscribes to a store, which opens when the component mounts: rendering, on a server too, opens nothing.
 *
 * @template T
 * @param {string | null} topic Null subscribes to nothing.
 * @param {HookOptions} options
 * @param {(model: Model, state: ConnectionState) => T} select Returns the same value if nothing has changed.
 * @returns {T}
 */
function useStore(topic, options, select) {
  const hookOptions = { ...useContext(DefaultOptions), ...options };
  const topics = topic && hookOptions.topics?.includes(topic) ? hookOptions.topics : [topic ?? ""];
  const connectOptions = { url: new URL(".", import.meta.url).href, ...hookOptions, topics };
  const key = hookKeyOf(connectOptions);
  const subscribe = useMemo(
    () => (/** @type {() => void} */ listener) => {
      if (topic === null) return () => {};
      return (stores.get(key) ?? openStore(key, connectOptions)).subscribe(listener);
    },
    [key],
  );
  return useSyncExternalStore(
    subscribe,
    () => select(stores.get(key)?.model() ?? EMPTY_MODEL, stores.get(key)?.state() ?? IDLE_STATE),
    () => select(EMPTY_MODEL, IDLE_STATE),
  );
}

/** Returns quotes by symbol. @param {HookOptions} [options] */
export function useQuotes(options = {}) {
  return useStore("quotes", options, ({ quotes }) => quotes);
}

/** Returns one quote. Other quotes do not render the component. @param {string} symbol @param {HookOptions} [options] */
export function useQuote(symbol, options = {}) {
  return useStore("quotes", options, ({ quotes }) => quotes[symbol] ?? null);
}

/** Returns the status of the quote providers by name. @param {HookOptions} [options] */
export function useStatus(options = {}) {
  return useStore("quotes", options, ({ status }) => status);
}

/** Returns at most {@linkcode MAX_ARTICLES} articles, newest first. @param {HookOptions} [options] */
export function useNews(options = {}) {
  return useStore("news", options, ({ news }) => news);
}

/**
 * Returns an operation, null until it is known.
 *
 * @param {string | null} id Null if there is none yet.
 * @param {HookOptions} [options]
 */
export function useOperation(id, options = {}) {
  return useStore(
    id && `operations/${id}`,
    options,
    ({ operations }) => id && operations[id] || null,
  );
}

/**
 * Returns a session, null until it is known.
 *
 * @param {string | null} id Null if there is none yet.
 * @param {HookOptions} [options]
 */
export function useSession(id, options = {}) {
  return useStore(id && `sessions/${id}`, options, ({ sessions }) => id && sessions[id] || null);
}

/** The state on a server, which has no messages. */
const EMPTY_CHAT = { messages: [], isBusy: false };

/**
 * Returns a chat with a model: its messages, whether an answer is awaited, and `send`, `stop`, `retry` and `clear`. A
 * component that mounts after a reload continues the interrupted answer.
 *
 * @param {ChatOptions & HookOptions} options
 */
export function useChat(options) {
  const { url = new URL(".", import.meta.url).href, ...chatOptions } = {
    ...useContext(DefaultOptions),
    ...options,
  };
  const chat = useMemo(() => createChat({ ...chatOptions, url }), [url, options.id]);
  const state = useSyncExternalStore(chat.subscribe, chat.state, () => EMPTY_CHAT);
  return { ...chat, ...state };
}

/** Returns the state of the connection of `topics`; without them, of `useQuotes`. @param {HookOptions} [options] */
export function useStreamState(options = {}) {
  const { topics = ["quotes"] } = { ...useContext(DefaultOptions), ...options };
  return useStore(topics[0] ?? null, { ...options, topics }, (_, state) => state);
}
