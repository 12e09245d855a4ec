// @ts-check
/// <reference lib="dom" />
/**
 * The badge's shadow DOM and style. Values from elsewhere are written as text only.
 *
 * @module
 */
import { writeText } from "../dom/write_text.js";
import { nextTryText, PRESENTATIONS, reasonText } from "./presentation.js";

/** @import { ConnectionState } from "../client/types.js" */

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/**
 * The style sheet, constructed so that a policy without `unsafe-inline` allows it. Every coloured part has its own
 * background, for a contrast of 4.5:1 on any page. `light-dark()` follows the page's `color-scheme`.
 */
const BADGE_STYLE = `
:host {
  display: inline-flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 0.3em 0.7em;
  font-size: 0.875rem;
  line-height: 1.4;
}
:host([hidden]), [hidden] { display: none !important; }
[part="status"] {
  display: inline-flex;
  align-items: center;
  gap: 0.45em;
  padding: 0.15em 0.75em 0.15em 0.6em;
  border: 1px solid currentcolor;
  border-radius: 99rem;
  background: var(--edgetape-ground, light-dark(#fff, #161b23));
  color: var(--tone);
  font-weight: 650;
  white-space: nowrap;
}
[data-tone="good"] { --tone: var(--edgetape-good, light-dark(#0a7a3d, #4fc98c)); }
[data-tone="warn"] { --tone: var(--edgetape-warn, light-dark(#8a5300, #f0b45a)); }
[data-tone="bad"] { --tone: var(--edgetape-bad, light-dark(#b3261e, #ff938b)); }
[data-tone="calm"] { --tone: var(--edgetape-calm, light-dark(#566173, #9aa6b8)); }
[part="mark"] { width: 0.85em; height: 0.85em; fill: currentcolor; }
[part="reason"], [part="countdown"] { overflow-wrap: anywhere; }
[part="countdown"] { font-variant-numeric: tabular-nums; }
[part="reason"]:empty, [part="countdown"]:empty { display: none; }
[part="button"] {
  padding: 0.15em 0.8em;
  border: 1px solid currentcolor;
  border-radius: 0.5em;
  background: var(--edgetape-ground, light-dark(#fff, #161b23));
  color: var(--edgetape-accent, light-dark(#1f5fd6, #7fb0ff));
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
[part="button"][aria-disabled="true"] { cursor: default; border-style: dashed; }
[part="button"]:focus-visible { outline: 2px solid currentcolor; outline-offset: 2px; }
@media (prefers-reduced-motion: no-preference) {
  :host(:is([data-state="connecting"], [data-state="reconnecting"])) [part="mark"] {
    animation: breathe 1.6s ease-in-out infinite;
  }
  @keyframes breathe { 50% { opacity: 0.3; } }
}
`;

/**
 * Creates an element that pages can style as `::part(…)`.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} part
 */
function createPart(tag, part) {
  const element = document.createElement(tag);
  element.setAttribute("part", part);
  return element;
}

/**
 * Fills a shadow root, which must be empty.
 *
 * @param {ShadowRoot} root
 * @param {() => void} onReconnect Called when the button is pressed.
 */
export function createBadgeView(root, onReconnect) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(BADGE_STYLE);
  root.adoptedStyleSheets = [sheet];

  const status = createPart("span", "status");
  const word = createPart("span", "word");
  const [reason, countdown] = [createPart("span", "reason"), createPart("span", "countdown")];
  const button = createPart("button", "button");
  const mark = document.createElementNS(SVG_NAMESPACE, "svg");
  const shape = document.createElementNS(SVG_NAMESPACE, "path");
  // The only live region contains only the word: screen readers announce changes, not seconds.
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

  let canReconnect = false;
  /** Shows or hides the button. A focused one stays until it loses the focus, because hiding it would move the focus. */
  function showButton() {
    const hasFocus = root.activeElement === button;
    button.hidden = !canReconnect && !hasFocus;
    button.ariaDisabled = canReconnect ? null : "true";
  }
  button.addEventListener("click", () => {
    if (canReconnect) onReconnect();
  });
  button.addEventListener("blur", () => queueMicrotask(showButton)); // Until then it has the focus.

  return {
    /** Shows a state, except its countdown. @param {ConnectionState} state */
    show(state) {
      const presentation = PRESENTATIONS[state.kind];
      status.dataset.tone = presentation.tone;
      shape.setAttribute("d", presentation.shape);
      writeText(word, presentation.word);
      writeText(reason, reasonText(state));
      canReconnect = presentation.canReconnect ?? false;
      showButton();
    },
    /** Shows the time until the next attempt. @param {number | null} seconds Null if none is scheduled. */
    showCountdown: (seconds) => writeText(countdown, nextTryText(seconds)),
  };
}
