// @ts-check
/// <reference lib="dom" />
/**
 * The badge's elements, and what they say. Everything that comes from elsewhere is text.
 *
 * @module
 */
import { LOOKS, nextTryWords, whyOf } from "./presentation.js";
import { BADGE_STYLE } from "./style.js";

/** @import { State } from "../client/types.js" */

const SVG_SPACE = "http://www.w3.org/2000/svg";

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} part
 */
function makePart(tag, part) {
  const element = document.createElement(tag);
  element.setAttribute("part", part);
  return element;
}

/** @param {Element} element @param {string} text */
function writeIn(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Fills a shadow root.
 *
 * @param {ShadowRoot} root
 * @param {() => void} onHurry The button was pressed.
 */
export function createBadgeView(root, onHurry) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(BADGE_STYLE);
  root.adoptedStyleSheets = [sheet];

  const status = makePart("span", "status");
  const word = makePart("span", "word");
  const [reason, countdown] = [makePart("span", "reason"), makePart("span", "countdown")];
  const button = makePart("button", "button");
  const mark = document.createElementNS(SVG_SPACE, "svg");
  const shape = document.createElementNS(SVG_SPACE, "path");
  // The only live region, and all that is in it is the word: who listens is told of changes, not of seconds.
  status.role = "status";
  mark.setAttribute("part", "mark");
  mark.setAttribute("viewBox", "0 0 16 16");
  mark.ariaHidden = "true";
  mark.append(shape);
  status.append(mark, word);
  button.type = "button";
  button.hidden = true;
  button.textContent = "Reconnect now";
  root.append(status, reason, countdown, button);

  /** Whether the button is of use. One that has the focus stays until it has lost it: the focus is nobody's to move. */
  let isUseful = false;
  function showButton() {
    const hasFocus = root.activeElement === button;
    button.hidden = !isUseful && !hasFocus;
    button.ariaDisabled = isUseful ? null : "true";
  }
  button.addEventListener("click", () => isUseful && onHurry());
  button.addEventListener("blur", () => queueMicrotask(showButton)); // until then it still has it

  return {
    /** @param {State} state */
    show(state) {
      const look = LOOKS[state.kind];
      status.dataset.tone = look.tone;
      shape.setAttribute("d", look.shape);
      writeIn(word, look.word);
      writeIn(reason, whyOf(state));
      isUseful = look.canHurry ?? false;
      showButton();
    },
    /** @param {number | null} seconds */
    count: (seconds) => writeIn(countdown, nextTryWords(seconds)),
  };
}
