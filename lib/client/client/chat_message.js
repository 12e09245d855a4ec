// @ts-check
/**
 * Messages of a chat, and the parts of an answer as its events arrive.
 *
 * @module
 */

/** @import { ChatEvent } from "./chat_event.js" */

/**
 * A part of a message. `component` is the component with all its changes.
 *
 * @typedef {(
 *   | { kind: "text" | "reasoning", text: string }
 *   | { kind: "tool", id: string, name: string, text: string, input?: unknown, output?: unknown }
 *   | { kind: "component", id: string, component: Readonly<Record<string, any>> }
 * )} MessagePart
 */

/**
 * A message. `id` identifies the turn of a user's message. An answer that is `open` has not ended.
 *
 * @typedef {object} ChatMessage
 * @property {string} id
 * @property {"user" | "assistant"} role
 * @property {readonly MessagePart[]} parts
 * @property {"open" | "done" | "failed" | "stopped"} state
 * @property {string} [error] Why it failed, for people.
 */

/** The states of an answer, by the event that ends it. @type {Readonly<Record<string, ChatMessage["state"]>>} */
const END_STATES = { done: "done", failed: "failed", stopped: "stopped" };

/**
 * Applies an operation to the components.
 *
 * @param {readonly MessagePart[]} parts
 * @param {{ id: string, operation: string, component: any }} change
 * @returns {readonly MessagePart[]}
 */
function applyOperation(parts, { id, operation, component }) {
  const index = parts.findIndex((part) => part.kind === "component" && part.id === id);
  const target = parts[index];
  const current = target?.kind === "component" ? target.component : undefined;
  const next = component.component ?? component;
  /** @param {Readonly<Record<string, any>>} value */
  const put = (value) => {
    /** @type {MessagePart} */
    const part = { kind: "component", id, component: value };
    return index < 0 ? [...parts, part] : parts.with(index, part);
  };
  switch (operation) {
    case "remove":
      return parts.filter((_, i) => i !== index);
    case "update":
      return put({
        ...current,
        ...component.updates ? {} : next,
        data: { ...current?.data, ...next.data, ...component.updates },
      });
    case "reorder": {
      if (!target) return parts;
      const others = parts.filter((part) => part !== target);
      return others.toSpliced(component.position ?? others.length, 0, target);
    }
    case "bulk_update":
      return Object.entries(component.updates ?? {}).reduce(
        (list, [each, updates]) =>
          applyOperation(list, { id: each, operation: "update", component: { updates } }),
        parts,
      );
    default:
      return put(next);
  }
}

/**
 * Adds a part to those before it.
 *
 * @param {readonly MessagePart[]} parts
 * @param {any} part The data of an event `part`.
 * @returns {readonly MessagePart[]}
 */
function addPart(parts, part) {
  const last = parts.at(-1);
  switch (part.kind) {
    case "text":
    case "reasoning": {
      if (part.text === "") return parts;
      const isContinued = (last?.kind === "text" || last?.kind === "reasoning") &&
        last.kind === part.kind;
      return isContinued
        ? parts.with(-1, { kind: last.kind, text: last.text + part.text })
        : [...parts, { kind: part.kind, text: part.text }];
    }
    case "tool": {
      const { id, name = "", text = "", ...known } = part;
      const index = parts.findIndex((each) => each.kind === "tool" && each.id === id);
      const call = parts[index];
      if (call?.kind !== "tool") return [...parts, { ...known, id, name, text }];
      return parts.with(index, { ...call, ...known, text: call.text + text });
    }
    case "component":
      return applyOperation(parts, { ...part, component: part.component ?? {} });
    default:
      return parts;
  }
}

/**
 * Applies an event to an answer. Returns the same message if the event does not concern it.
 *
 * @param {ChatMessage} message
 * @param {ChatEvent} event
 * @returns {ChatMessage}
 */
export function reduceMessage(message, { type, data }) {
  if (type === "start") return { ...message, parts: [], state: "open" };
  if (type === "part") return { ...message, parts: addPart(message.parts, data) };
  const state = END_STATES[type];
  if (state === undefined) return message;
  return { ...message, state, ...type === "failed" && { error: data.detail } };
}

/** Returns the text of a message. @param {Pick<ChatMessage, "parts">} message */
export function messageText({ parts }) {
  return parts.map((part) => part.kind === "text" ? part.text : "").join("");
}
