// @ts-check
/// <reference lib="dom" />
/**
 * The inspector of received events.
 *
 * @module
 */
import { findElement } from "./dom.js";

/** @import { LiveEvent } from "../client/types.js" */

const MAX_LOGGED_FRAMES = 40;
/** The most characters shown of an event's data, because snapshots are long. */
const MAX_DATA_CHARACTERS = 280;

/** Renders an event as a line with its time, type, id and data. @param {LiveEvent} event @param {number} now */
function renderFrame({ type, id, data }, now) {
  const json = JSON.stringify(data) ?? "";
  const isLong = json.length > MAX_DATA_CHARACTERS;
  const line = document.createElement("li");
  const time = new Date(now).toISOString().slice(11, 23);
  for (const [name, text] of Object.entries({ time, type, id: id || "no id" })) {
    const part = document.createElement("span");
    part.className = name;
    part.textContent = text;
    line.append(part);
  }
  const code = document.createElement("code");
  code.textContent = isLong ? `${json.slice(0, MAX_DATA_CHARACTERS)}…` : json;
  line.append(code);
  return line;
}

/** Takes over the server's empty list and its button. @param {HTMLElement} page */
export function createFrameLog(page) {
  const list = findElement(page, "#frames ol", HTMLOListElement);
  const button = findElement(page, "#frames button", HTMLButtonElement);
  let isPaused = false;

  button.hidden = false;
  button.addEventListener("click", () => {
    isPaused = !isPaused;
    button.textContent = isPaused ? "Resume" : "Pause";
  });

  return {
    /** Adds an event at the top, unless the user has paused the log. @param {LiveEvent} event */
    add(event) {
      if (isPaused) return;
      list.prepend(renderFrame(event, Date.now()));
      while (list.children.length > MAX_LOGGED_FRAMES) list.lastElementChild?.remove();
    },
  };
}
