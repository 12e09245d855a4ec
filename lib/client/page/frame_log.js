// @ts-check
/// <reference lib="dom" />
/**
 * The last events as they came, for the curious.
 *
 * @module
 */
import { find } from "./dom.js";

/** @import { StreamEvent } from "../client/types.js" */

/** Events shown, at most. */
const MOST_FRAMES = 40;
/** Of the data of each; snapshots are long. */
const MOST_CHARACTERS = 280;

/**
 * One event as a line of four texts.
 *
 * @param {StreamEvent} event
 * @param {number} now
 */
function lineOf({ type, id, data }, now) {
  const json = JSON.stringify(data) ?? "";
  const cut = json.length > MOST_CHARACTERS ? `${json.slice(0, MOST_CHARACTERS)}…` : json;
  const line = document.createElement("li");
  for (const [name, text] of [["time", timeOfDay(now)], ["type", type], ["id", id || "no id"]]) {
    const part = document.createElement("span");
    part.className = name ?? "";
    part.textContent = text ?? "";
    line.append(part);
  }
  const code = document.createElement("code");
  code.textContent = cut;
  line.append(code);
  return line;
}

/** @param {number} now */
function timeOfDay(now) {
  return new Date(now).toISOString().slice(11, 23);
}

/**
 * Takes over the empty list.
 *
 * @param {HTMLElement} page
 */
export function createFrames(page) {
  const list = find(page, "#frames ol", HTMLOListElement);
  const hold = find(page, "#frames button", HTMLButtonElement);
  let isHeld = false;

  hold.hidden = false;
  hold.addEventListener("click", () => {
    isHeld = !isHeld;
    hold.textContent = isHeld ? "Resume" : "Pause";
  });

  return {
    /** @param {StreamEvent} event */
    add(event) {
      if (isHeld) return;
      list.prepend(lineOf(event, Date.now()));
      while (list.children.length > MOST_FRAMES) list.lastElementChild?.remove();
    },
  };
}
