// @ts-check
/// <reference lib="dom" />
/**
 * A ticker's elements, and what they say. Everything that comes from elsewhere is text.
 *
 * @module
 */
import { FRESH } from "../format/quote_text.js";
import { createFlash } from "./flash.js";
import { TICKER_STYLE } from "./style.js";
import { itemWords, sourceLines } from "./text.js";

/** @import { ConnectionBadge } from "../badge/element.js" */
/** @import { Known } from "../format/quote_text.js" */

/** The parts of an item, in two columns. */
const FIELDS = [["symbol", "name", "simulated"], ["price", "unit", "change", "freshness"]];
const BADGE_PARTS = ["status", "mark", "word", "reason", "countdown", "button"];

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {(Node | string)[]} children
 */
function make(tag, ...children) {
  const element = document.createElement(tag);
  element.append(...children);
  return element;
}

/** @param {string} symbol */
function createItem(symbol) {
  const label = make("span");
  label.className = "label";
  /** @type {Map<string, HTMLElement>} */
  const fields = new Map();
  const columns = FIELDS.map((names) => {
    for (const name of names) {
      const field = make("span");
      field.dataset.field = name;
      field.setAttribute("part", name);
      fields.set(name, field);
    }
    return make("span", ...names.flatMap((name) => fields.get(name) ?? []));
  });
  const seen = make("span", ...columns);
  seen.className = "seen";
  seen.ariaHidden = "true"; // it is all in the label
  const element = make("li", label, seen);
  element.dataset.symbol = symbol;
  return { element, label, fields };
}

/**
 * Fills a shadow root.
 *
 * @param {ShadowRoot} root
 */
export function createTickerView(root) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(TICKER_STYLE);
  root.adoptedStyleSheets = [sheet];
  const flash = createFlash();
  /** @type {Map<string, ReturnType<typeof createItem>>} */
  const items = new Map();

  const list = make("ul");
  list.setAttribute("part", "list");
  list.role = "list"; // which it is no more for some, without its bullets
  list.ariaLabel = "Prices";
  const badge = /** @type {ConnectionBadge} */ (document.createElement("connection-badge"));
  badge.setAttribute("part", "badge");
  badge.setAttribute("exportparts", BADGE_PARTS.map((part) => `${part}: badge-${part}`).join());
  const lines = make("ul");
  const sources = make("details", make("summary", "Sources"), lines);
  sources.setAttribute("part", "sources");
  const foot = make("div", badge, sources);
  foot.setAttribute("part", "foot");
  const ticker = make("div", list, foot);
  ticker.setAttribute("part", "ticker");
  ticker.lang = "en";
  root.append(ticker);

  /** @param {readonly string[]} symbols */
  function arrange(symbols) {
    if (JSON.stringify(symbols) === JSON.stringify([...items.keys()])) return;
    const kept = new Map(items);
    items.clear();
    for (const symbol of symbols) items.set(symbol, kept.get(symbol) ?? createItem(symbol));
    list.replaceChildren(...[...items.values()].map(({ element }) => element));
  }

  /** @param {ReturnType<typeof createItem>} item @param {ReturnType<typeof itemWords>} words */
  function write({ element, label, fields }, { label: sentence, direction, freshness, texts }) {
    element.dataset.direction = direction;
    element.dataset.freshness = freshness;
    element.setAttribute("part", `item ${direction} ${freshness}`);
    if (label.textContent !== sentence) label.textContent = sentence;
    for (const [name, text] of Object.entries(texts)) {
      const field = fields.get(name);
      if (!field || field.textContent === text) continue;
      if (name === "price" && text && field.textContent) flash(field);
      field.textContent = text;
    }
  }

  return {
    badge,
    /** @param {boolean} yes Whether the list is one line that is scrolled, by the keyboard too. */
    setScrolling(yes) {
      if (yes) list.tabIndex = 0;
      else list.removeAttribute("tabindex");
    },
    /**
     * @param {readonly (Known & { hasSnapshot: boolean })[]} all
     * @param {string} locale
     */
    show(all, locale) {
      arrange(all.map(({ symbol }) => symbol));
      const kinds = all.map((known) => {
        const words = itemWords(known, locale);
        const item = items.get(known.symbol);
        if (item) write(item, words);
        return words.freshness;
      });
      const isHollow = !kinds.some((kind) => FRESH.has(kind) || kind === "waiting");
      badge.hollow = isHollow ? "Connected, but no price is fresh." : null;
      const given = sourceLines(all.flatMap(({ quote }) => quote ?? []));
      sources.hidden = given.length === 0;
      if (given.join() === [...lines.children].map(({ textContent }) => textContent).join()) return;
      lines.replaceChildren(...given.map((line) => make("li", line)));
    },
  };
}
