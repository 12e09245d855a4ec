// @ts-check
/// <reference lib="dom" />
/**
 * A ticker's shadow DOM and style. Values from elsewhere are written as text only.
 *
 * @module
 */
import { createFlash } from "../dom/flash.js";
import { writeText } from "../dom/write_text.js";
import { FRESH_KINDS } from "../format/quote_text.js";
import { sourceLines, tickerItemTexts } from "./text.js";

/** @import { ConnectionBadge } from "../badge/element.js" */
/** @import { TickerItemData } from "./text.js" */

/**
 * The style sheet, constructed so that a policy without any style allows it. It has its own background, for a contrast of
 * 4.5:1 on any page. `light-dark()` follows the page's `color-scheme`.
 */
const TICKER_STYLE = `
:host {
  display: block;
  --flash: var(--edgetape-flash, light-dark(#cfe0ff, #27406b));
  --muted: var(--edgetape-calm, light-dark(#566173, #9aa6b8));
  --line: var(--edgetape-line, light-dark(#dfe4ec, #2a323e));
  --good: var(--edgetape-good, light-dark(#0a7a3d, #4fc98c));
  --warn: var(--edgetape-warn, light-dark(#8a5300, #f0b45a));
  --bad: var(--edgetape-bad, light-dark(#b3261e, #ff938b));
  font: 1rem/1.4 system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
[part="ticker"] {
  border: 1px solid var(--line);
  border-radius: var(--edgetape-radius, 0.75rem);
  background: var(--edgetape-ground, light-dark(#fff, #161b23));
  color: var(--edgetape-text, light-dark(#131820, #e8ecf2));
}
[part="list"] {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr));
  margin: 0;
  padding: 0;
  overflow: hidden;
  list-style: none;
}
:host([layout="scroll"]) [part="list"] {
  grid: auto / auto-flow minmax(max-content, 1fr);
  overflow-x: auto;
}
[part="list"]:focus-visible, summary:focus-visible {
  outline: 2px solid var(--edgetape-accent, light-dark(#1f5fd6, #7fb0ff));
  outline-offset: -2px;
}
li[data-symbol] {
  position: relative; /* Otherwise the labels of items that are scrolled away widen the page. */
  padding: 0.6rem 1rem;
  box-shadow: 1px 1px 0 var(--line);
  font-variant-numeric: tabular-nums lining-nums;
}
.label {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
.seen { display: grid; grid-template-columns: minmax(min-content, auto) auto; gap: 0 1rem; justify-content: space-between; }
.seen > span { display: flex; flex-direction: column; align-items: start; }
.seen > span + span { align-items: end; text-align: end; }
.seen [data-field]:empty { display: none; }
[data-field="symbol"] { font-weight: 650; white-space: nowrap; }
[data-field="name"], [data-field="unit"], [data-field="freshness"] { color: var(--muted); font-size: 0.8125rem; }
[data-field="price"] {
  margin-inline-end: -0.3rem;
  padding: 0 0.3rem;
  border-radius: 0.3rem;
  font-weight: 650;
  white-space: nowrap;
}
[data-field="change"] { font-size: 0.875rem; }
[data-direction="up"] [data-field="change"] { color: var(--good); }
[data-direction="down"] [data-field="change"] { color: var(--bad); }
[data-freshness="stale"] [data-field="freshness"] { color: var(--warn); font-weight: 600; }
[data-freshness="down"] [data-field="freshness"] { color: var(--bad); font-weight: 600; }
:is([data-freshness="stale"], [data-freshness="down"], [data-freshness="cut"], [data-freshness="missing"])
  :is([data-field="price"], [data-field="change"], [data-field="symbol"]) { color: var(--muted); }
[data-field="simulated"] {
  padding: 0 0.4em;
  border: 1px dashed currentcolor;
  border-radius: 0.3rem;
  color: var(--warn);
  font-size: 0.6875rem;
  font-weight: 700;
  letter-spacing: 0.06em;
}
.seen [data-freshness="waiting"] [data-field]:empty { display: block; }
[data-freshness="waiting"] [data-field="price"]:empty,
[data-freshness="waiting"] [data-field="change"]:empty {
  display: block;
  width: 7ch;
  height: 0.8em;
  margin: 0.3em 0;
  border-radius: 0.3rem;
  background: var(--line);
}
[part="foot"] {
  display: flex;
  flex-wrap: wrap;
  align-items: start;
  gap: 0.4rem 1rem;
  padding: 0.5rem 1rem;
  border-top: 1px solid var(--line);
  font-size: 0.8125rem;
}
connection-badge { font-size: inherit; }
connection-badge[data-state="live"]::part(reason) { display: none; }
[part="sources"] { margin-inline-start: auto; color: var(--muted); }
summary { cursor: pointer; }
[part="sources"] ul { margin: 0.3rem 0 0; padding: 0; list-style: none; overflow-wrap: anywhere; }
@media (prefers-reduced-motion: no-preference) {
  [data-freshness="waiting"] [data-field]:empty { animation: breathe 1.6s ease-in-out infinite; }
  @keyframes breathe { 50% { opacity: 0.5; } }
}
`;

/** The parts of an item, in two columns. */
const ITEM_COLUMNS = [["symbol", "name", "simulated"], ["price", "unit", "change", "freshness"]];
const BADGE_PARTS = ["status", "mark", "word", "reason", "countdown", "button"];

/**
 * Creates an element with children.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {(Node | string)[]} children
 */
function createElement(tag, ...children) {
  const element = document.createElement(tag);
  element.append(...children);
  return element;
}

/** Creates an empty item. @param {string} symbol */
function createItem(symbol) {
  const label = createElement("span");
  label.className = "label";
  /** @type {Map<string, HTMLElement>} */
  const fields = new Map();
  const columns = ITEM_COLUMNS.map((names) => {
    for (const name of names) {
      const field = createElement("span");
      field.dataset.field = name;
      field.setAttribute("part", name);
      fields.set(name, field);
    }
    return createElement("span", ...names.flatMap((name) => fields.get(name) ?? []));
  });
  const visible = createElement("span", ...columns);
  visible.className = "seen";
  visible.ariaHidden = "true"; // The label has the same content.
  const element = createElement("li", label, visible);
  element.dataset.symbol = symbol;
  return { element, label, fields };
}

/** Fills a shadow root, which must be empty. @param {ShadowRoot} root */
export function createTickerView(root) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(TICKER_STYLE);
  root.adoptedStyleSheets = [sheet];
  const flash = createFlash();
  /** @type {Map<string, ReturnType<typeof createItem>>} */
  const items = new Map();

  const list = createElement("ul");
  list.setAttribute("part", "list");
  list.role = "list"; // Without bullets, some browsers do not expose it as a list.
  list.ariaLabel = "Prices";
  const badge = /** @type {ConnectionBadge} */ (document.createElement("connection-badge"));
  badge.setAttribute("part", "badge");
  badge.setAttribute("exportparts", BADGE_PARTS.map((part) => `${part}: badge-${part}`).join());
  const sourceList = createElement("ul");
  const sources = createElement("details", createElement("summary", "Sources"), sourceList);
  sources.setAttribute("part", "sources");
  const foot = createElement("div", badge, sources);
  foot.setAttribute("part", "foot");
  const ticker = createElement("div", list, foot);
  ticker.setAttribute("part", "ticker");
  ticker.lang = "en";
  root.append(ticker);

  /** Arranges the items in the order of their symbols. @param {readonly string[]} symbols */
  function arrange(symbols) {
    if (JSON.stringify(symbols) === JSON.stringify([...items.keys()])) return;
    const presentItems = new Map(items);
    items.clear();
    for (const symbol of symbols) items.set(symbol, presentItems.get(symbol) ?? createItem(symbol));
    list.replaceChildren(...[...items.values()].map(({ element }) => element));
  }

  /**
   * Writes the texts of an item and flashes a changed price.
   *
   * @param {ReturnType<typeof createItem>} item
   * @param {ReturnType<typeof tickerItemTexts>} content
   */
  function showItem({ element, label, fields }, content) {
    const { direction, freshness, texts } = content;
    element.dataset.direction = direction;
    element.dataset.freshness = freshness;
    element.setAttribute("part", `item ${direction} ${freshness}`);
    writeText(label, content.label);
    for (const [name, text] of Object.entries(texts)) {
      const field = fields.get(name);
      if (!field || field.textContent === text) continue;
      if (name === "price" && text && field.textContent) flash(field);
      field.textContent = text;
    }
  }

  return {
    /** The badge, which needs a feed. */
    badge,
    /** Shows the list in one line that scrolls, by the keyboard too. @param {boolean} isScrolling */
    setScrolling(isScrolling) {
      if (isScrolling) list.tabIndex = 0;
      else list.removeAttribute("tabindex");
    },
    /** Shows exactly these items, in their order. @param {readonly TickerItemData[]} itemData @param {string} locale */
    show(itemData, locale) {
      arrange(itemData.map(({ symbol }) => symbol));
      const kinds = itemData.map((data) => {
        const content = tickerItemTexts(data, locale);
        const item = items.get(data.symbol);
        if (item) showItem(item, content);
        return content.freshness;
      });
      const isStale = !kinds.some((kind) => FRESH_KINDS.has(kind) || kind === "waiting");
      badge.staleReason = isStale ? "Connected, but no price is fresh." : null;
      const lines = sourceLines(itemData.flatMap(({ quote }) => quote ?? []));
      sources.hidden = lines.length === 0;
      const shownLines = [...sourceList.children].map(({ textContent }) => textContent);
      if (lines.join() === shownLines.join()) return;
      sourceList.replaceChildren(...lines.map((line) => createElement("li", line)));
    },
  };
}
