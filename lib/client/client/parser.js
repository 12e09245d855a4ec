// @ts-check
/**
 * A parser of server-sent events, as the HTML standard specifies them.
 *
 * @module
 */

/** @import { ReceivedFrame } from "./types.js" */

/**
 * Creates a parser of text that arrives in arbitrary pieces, with or without a BOM. A frame without data is dropped.
 *
 * @param {(frame: ReceivedFrame) => void} onFrame Called with each complete frame, while `feed` runs. Must not throw.
 */
export function createParser(onFrame) {
  let isFirst = true;
  /** True if the last piece has ended with CR: an LF that follows belongs to the same line end. */
  let isAfterCr = false;
  let incompleteLine = "";
  let type = "";
  /** @type {string[]} */
  let data = [];
  /** @type {string | undefined} */
  let id;
  /** @type {number | undefined} */
  let retry;

  /** @param {string} line */
  function parseLine(line) {
    const [, name, value = ""] = /^([^:]*)(?:: ?([^]*))?$/.exec(line) ?? [];
    if (name === "data") data.push(value);
    else if (name === "event") type = value;
    else if (name === "id" && !value.includes("\0")) id = value;
    else if (name === "retry" && /^\d+$/.test(value)) retry = Number(value);
  }

  function dispatch() {
    if (data.length > 0) {
      onFrame({ type: type || "message", data: data.join("\n"), id, retry });
      retry = undefined;
    }
    type = "";
    data = [];
    id = undefined;
  }

  return {
    /** Parses the next piece. @param {string} text */
    feed(text) {
      if (text === "") return;
      if (isFirst) text = text.replace(/^\uFEFF/, "");
      else if (isAfterCr) text = text.replace(/^\n/, "");
      isFirst = false;
      isAfterCr = text.endsWith("\r");
      const lines = (incompleteLine + text).split(/\r\n|\r|\n/);
      incompleteLine = lines.pop() ?? "";
      for (const line of lines) {
        if (line) parseLine(line);
        else dispatch();
      }
    },
  };
}
