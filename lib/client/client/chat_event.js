// @ts-check
/**
 * Events of a chat's answer, from every format that a chat server sends.
 *
 * @module
 */

/**
 * An event of an answer.
 *
 * | type      | data                                                                                            |
 * | --------- | ----------------------------------------------------------------------------------------------- |
 * | `start`   | `{ run? }`: the answer begins, also if parts of it were received before                          |
 * | `part`    | `{ kind: "text" \| "reasoning", text }`, which continues the part before it if that is of its kind |
 * | `part`    | `{ kind: "tool", id, name, text?, input?, output? }`: `text` is a piece of the input, as JSON     |
 * | `part`    | `{ kind: "component", id, operation, component }`: an operation on a rich component               |
 * | `done`    | `{ finish_reason }`: the model completed its answer                                              |
 * | `failed`  | `{ detail }`: it did not                                                                         |
 * | `stopped` | `{}`: it was stopped                                                                             |
 *
 * @typedef {{ type: string, data: any }} ChatEvent
 */

/** @param {string} type @param {unknown} data @returns {ChatEvent[]} */
const one = (type, data) => [{ type, data }];

/** @param {"text" | "reasoning"} kind @param {unknown} text @returns {ChatEvent[]} */
const textPart = (kind, text) =>
  typeof text === "string" && text !== "" ? one("part", { kind, text }) : [];

/** The parts of the AI SDK's UI message stream, by their type. @type {Readonly<Record<string, (part: any) => ChatEvent[]>>} */
const UI_PARTS = {
  "start": ({ messageId }) => one("start", { run: messageId }),
  "text-delta": ({ delta }) => textPart("text", delta),
  "reasoning-delta": ({ delta }) => textPart("reasoning", delta),
  "tool-input-start": ({ toolCallId: id, toolName: name }) =>
    one("part", { kind: "tool", id, name, text: "" }),
  "tool-input-delta": ({ toolCallId: id, inputTextDelta: text }) =>
    one("part", { kind: "tool", id, text }),
  "tool-input-available": ({ toolCallId: id, toolName: name, input }) =>
    one("part", { kind: "tool", id, name, input }),
  "tool-output-available": ({ toolCallId: id, output }) =>
    one("part", { kind: "tool", id, output }),
  "data-component": ({ data }) => one("part", { kind: "component", ...data }),
  "finish": ({ finishReason }) => one("done", { finish_reason: finishReason ?? "stop" }),
  "abort": () => one("stopped", {}),
  "error": ({ errorText, data }) =>
    one("failed", { detail: String(errorText ?? data?.message ?? "The answer failed.") }),
};

/**
 * Converts a chunk of a Vanna server: a component, a change of one, or the text of an older server.
 *
 * @param {{ rich?: any, simple?: any }} chunk
 * @returns {ChatEvent[]}
 */
function vannaPart({ rich, simple }) {
  const id = rich?.id ?? rich?.target_id ?? (rich?.operation === "bulk_update" ? "" : undefined);
  if (id !== undefined) {
    const operation = ("type" in rich ? rich.lifecycle : rich.operation) ?? "create";
    return one("part", {
      kind: "component",
      id,
      operation,
      component: rich,
    });
  }
  return textPart("text", simple?.text);
}

/**
 * Converts a frame of a chat to events: of this server's native stream, of the AI SDK's UI message stream (v1), or of
 * Vanna 2.0. Frames without a meaning for the answer, such as `[DONE]` and steps, are no event.
 *
 * @param {{ type?: string, data: string }} frame The event type, `message` by default, and the data.
 * @returns {ChatEvent[]}
 * @throws {SyntaxError} If the data is not JSON.
 */
export function normalize({ type = "message", data: text }) {
  if (text === "[DONE]") return [];
  const data = JSON.parse(text);
  if (type === "sync" && !data.resumed) return [{ type, data }, ...one("start", {})];
  if (type !== "message") return one(type, data);
  if (data?.rich || data?.simple) return vannaPart(data);
  if (data?.type === "completion") return one("done", { finish_reason: "stop" });
  return Object.hasOwn(UI_PARTS, data?.type) ? UI_PARTS[data.type]?.(data) ?? [] : [];
}
