// @ts-check
/**
 * Server-sent events, from text that comes in pieces of any size: https://html.spec.whatwg.org/#event-stream-interpretation
 *
 * @module
 */

/** @param {(frame: import("./types.js").Frame) => void} onFrame */
export function createParser(onFrame) {
  let rest = "";
  let isFirst = true;
  let type = "";
  /** @type {string[]} */
  let data = [];
  /** @type {string | undefined} */
  let id;
  /** @type {number | undefined} */
  let retry;

  /** @param {string} line */
  function take(line) {
    if (line === "") {
      if (data.length > 0) onFrame({ type: type || "message", data: data.join("\n"), id, retry });
      [type, data, id, retry] = ["", [], undefined, undefined];
      return;
    }
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") type = value;
    else if (name === "data") data.push(value);
    else if (name === "id" && !value.includes("\0")) id = value;
    else if (name === "retry" && /^\d+$/.test(value)) retry = Number(value);
  }

  return {
    /** @param {string} text */
    feed(text) {
      if (isFirst && text) {
        text = text.replace(/^\uFEFF/, "");
        isFirst = false;
      }
      // A CR at the end may be half of a CRLF.
      const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      lines.forEach(take);
    },
  };
}
