// @ts-check
/**
 * Server-sent events from text, as the HTML standard reads them.
 *
 * @module
 */

/** @import { Frame } from "./types.js" */

/**
 * @param {(frame: Frame) => void} onFrame
 * @returns {{ feed(text: string): void }} Takes the text piece by piece, cut anywhere; with its BOM, if it has one.
 */
export function createParser(onFrame) {
  let isFirst = true;
  /** A line end may be cut between its CR and its LF. */
  let isAfterCr = false;
  let rest = "";
  let type = "";
  /** @type {string[]} */
  let data = [];
  /** @type {string | undefined} */
  let id;
  /** @type {number | undefined} */
  let retry;

  /** @param {string} line */
  function read(line) {
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
    feed(text) {
      if (text === "") return;
      if (isFirst) text = text.replace(/^\uFEFF/, "");
      else if (isAfterCr) text = text.replace(/^\n/, "");
      isFirst = false;
      isAfterCr = text.endsWith("\r");
      const lines = (rest + text).split(/\r\n|\r|\n/);
      rest = lines.pop() ?? "";
      for (const line of lines) line ? read(line) : dispatch();
    },
  };
}
