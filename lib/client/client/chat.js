// @ts-check
/// <reference lib="dom" />
/**
 * A chat with a model, whose answers survive cuts and reloads.
 *
 * @module
 */
import { normalize } from "./chat_event.js";
import { messageText, reduceMessage } from "./chat_message.js";
import { createHistory } from "./history.js";
import { stream } from "./post.js";
import { sendRequest } from "./request.js";
import { browserRuntime } from "./runtime.js";
import { serverUrl } from "./url.js";

export { normalize } from "./chat_event.js";
export { messageText } from "./chat_message.js";

/** @import { BrowserRuntime, LiveEvent, ReceivedFrame } from "./types.js" */
/** @import { ChatMessage } from "./chat_message.js" */

/** The newest messages that a request contains: half of what the server accepts. */
const MAX_SENT_MESSAGES = 100;

/**
 * @typedef {object} ChatOptions
 * @property {string} id The name of the conversation: 1 to 128 letters, digits, `_` and `-`.
 * @property {string} [url] The server. By default the one of the page.
 * @property {HeadersInit} [headers] Such as `authorization`.
 * @property {boolean} [withCredentials] Sends the cookie to another origin.
 * @property {() => Pick<Storage, "getItem" | "setItem" | "removeItem">} [storage] Keeps the messages: `localStorage` by
 *   default. A full storage evicts the oldest ones.
 */

/**
 * @typedef {object} ChatState
 * @property {readonly ChatMessage[]} messages Oldest first. The answer that is being received is the last one.
 * @property {boolean} isBusy True while an answer is awaited or received.
 */

/**
 * @typedef {object} Chat
 * @property {() => ChatState} state The same object until something changes.
 * @property {(listener: () => void) => () => void} subscribe Calls a listener after each change, at most once per 50 ms
 *   during an answer. The first listener resumes an answer that a reload has interrupted.
 * @property {(text: string) => Promise<void>} send Sends a message, and resolves at the end of its answer. Does nothing
 *   while the chat is busy.
 * @property {() => Promise<void>} stop Stops the answer, here and on the server.
 * @property {() => Promise<void>} retry Requests the answer to the last message again, if it has failed.
 * @property {() => void} clear Forgets all messages of this page.
 */

/** Converts a frame. Only native frames have a cursor of the log: another format is replayed from the answer's start. @param {ReceivedFrame} frame @returns {LiveEvent[]} */
function toLiveEvents(frame) {
  const id = frame.type === "message" ? "" : frame.id ?? "";
  return normalize(frame).map((event) => ({ ...event, id }));
}

/**
 * Creates a chat. Nothing is requested before the first listener or message.
 *
 * @param {ChatOptions} options
 * @param {BrowserRuntime} [runtime]
 * @returns {Chat}
 */
export function createChat(options, runtime = browserRuntime()) {
  const { id, url, headers, withCredentials, storage = () => localStorage } = options;
  const endpoint = new URL(`${serverUrl(url ?? "", runtime.baseUrl)}/v1/chat`);
  const resumeUrl = `${endpoint.href}/${encodeURIComponent(id)}/stream`;
  /** @type {ReturnType<typeof createHistory<ChatMessage>>} */
  const history = createHistory(storage, `edgetape-chat:${id}`);
  /** @type {Set<() => void>} */
  const listeners = new Set();
  /** @type {ChatState} */
  let state = { messages: history.list(), isBusy: false };
  let request = new AbortController();
  let hasResumed = false;

  /** @param {Partial<ChatState>} changes */
  function update(changes) {
    state = { ...state, ...changes };
    for (const listener of listeners) listener();
  }

  /** Returns the last message, if it is of the user: its answer is missing. */
  function unanswered() {
    const last = state.messages.at(-1);
    return last?.role === "user" ? last : undefined;
  }

  /** Follows an answer to its end. @param {unknown} body Undefined to resume an answer. */
  async function follow(body) {
    const questions = state.messages;
    /** @type {ChatMessage} */
    let answer = { id: "", role: "assistant", parts: [], state: "open" };
    /** @param {ChatMessage} next @param {boolean} isBusy */
    const show = (next, isBusy) => {
      answer = next;
      update({ messages: [...questions, answer], isBusy });
    };
    request = new AbortController();
    const { signal } = request;
    update({ isBusy: true });
    try {
      await stream(endpoint, {
        body,
        resumeUrl,
        signal,
        normalize: toLiveEvents,
        ...headers && { headers },
        ...withCredentials && { withCredentials },
        onEvents(events) {
          const run = events.findLast(({ data }) => data?.run)?.data.run;
          const next = events.reduce(reduceMessage, answer);
          show(run ? { ...next, id: run } : next, true);
        },
      }, runtime);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (signal.aborted) answer = { ...answer, state: "stopped" };
      else answer = { ...answer, state: "failed", error: reason };
    }
    // A failed answer is not kept: a reload asks the server for it again, or leaves its message to be sent again.
    if (answer.state !== "failed") history.add(answer);
    show(answer, false);
  }

  /** Requests the answer to the last message. @param {"submit-message" | "regenerate-message"} trigger */
  async function ask(trigger) {
    // An answer that was stopped before its first word says nothing.
    const spoken = state.messages.filter((message) => messageText(message) !== "");
    const messages = spoken.slice(-MAX_SENT_MESSAGES).map((message) => ({
      id: message.id,
      role: message.role,
      parts: [{ type: "text", text: messageText(message) }],
    }));
    await follow({ id, messages, trigger });
  }

  return {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      if (!hasResumed && unanswered() && !state.isBusy) void follow(undefined);
      hasResumed = true;
      return () => void listeners.delete(listener);
    },
    async send(text) {
      if (state.isBusy) return;
      hasResumed = true;
      /** @type {ChatMessage} */
      const message = {
        // Without TLS, crypto.randomUUID is missing.
        id: `${runtime.now().toString(36)}-${runtime.random().toString(36).slice(2)}`,
        role: "user",
        parts: [{ kind: "text", text }],
        state: "done",
      };
      history.add(message);
      update({ messages: [...state.messages, message] });
      await ask("submit-message");
    },
    async stop() {
      if (!state.isBusy) return;
      request.abort();
      const stopUrl = `${endpoint.href}/${encodeURIComponent(id)}/stop`;
      // If the server cannot be reached, it ends the answer itself once nobody follows it.
      await sendRequest(runtime, stopUrl, {
        method: "POST",
        withCredentials,
        ...headers && { headers },
      }).catch(() => {});
    },
    async retry() {
      const last = state.messages.at(-1);
      if (state.isBusy || last === undefined) return;
      if (last.role === "assistant" && last.state !== "failed") return;
      const isStarted = last.role === "assistant" && last.id !== "";
      if (last.role === "assistant") update({ messages: state.messages.slice(0, -1) });
      await ask(isStarted ? "regenerate-message" : "submit-message");
    },
    clear() {
      if (state.isBusy) return;
      history.clear();
      update({ messages: [] });
    },
  };
}
