// @ts-check
/// <reference lib="dom" />
/**
 * The table of quotes and the lines about its providers, updated in place and by text only.
 *
 * @module
 */
import { problemWords } from "./page_problems.js";
import { rowWords } from "./page_words.js";

/** @typedef {import("./page_shapes.js").Quote} Quote */
/** @typedef {import("./page_shapes.js").Status} Status */

/** The freshness of a row that nothing is wrong with. */
const FRESH = new Set(["live", "delayed", "closed"]);

const FLASH_MS = 600;
/** At most one flash a second and row: three would be too many (WCAG 2.3.1). */
const FLASH_PAUSE_MS = 1000;

/**
 * Finds an element the server has painted.
 *
 * @template {Element} T
 * @param {ParentNode} parent
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
export function find(parent, selector, type) {
  const element = parent.querySelector(selector);
  if (element instanceof type) return element;
  throw new TypeError(`Cannot find ${selector} on the page`);
}

/**
 * @param {Element} element
 * @param {string} text
 */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Takes over what the server has painted.
 *
 * @param {HTMLElement} page
 */
export function createTable(page) {
  const problems = find(page, "#problems", HTMLElement);
  const rows = [...page.querySelectorAll("tr")].filter(({ dataset }) => dataset.symbol);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {Map<string, Quote>} */
  const quotes = new Map();
  /** @type {Map<string, Status>} */
  const statuses = new Map();
  /** @type {WeakMap<Element, number>} */
  const flashedAt = new WeakMap();
  let isFollowing = true;
  let isPaused = false;

  /** @param {Element} element */
  function flash(element) {
    const now = performance.now();
    if (still.matches || now - (flashedAt.get(element) ?? -FLASH_PAUSE_MS) < FLASH_PAUSE_MS) return;
    flashedAt.set(element, now);
    const color = getComputedStyle(element).getPropertyValue("--flash");
    element.animate([{ backgroundColor: color }, { backgroundColor: "transparent" }], FLASH_MS);
  }

  /** @param {HTMLTableRowElement} row */
  function paintRow(row) {
    const symbol = row.dataset.symbol ?? "";
    const known = { symbol, quote: quotes.get(symbol), statuses: [...statuses.values()] };
    const words = rowWords({ ...known, isFollowing, now: Date.now() });
    row.dataset.freshness = words.freshness;
    row.dataset.direction = words.direction;
    for (const [field, text] of Object.entries(words.texts)) {
      const element = find(row, `[data-field=${field}]`, HTMLElement);
      if (field === "price" && element.textContent !== text) flash(element);
      write(element, text);
    }
    for (const [field, iso] of Object.entries(words.times)) {
      find(row, `[data-field=${field}]`, HTMLTimeElement).dateTime = iso;
    }
  }

  function paintStatuses() {
    const lines = problemWords([...statuses.values()], Date.now()).map(({ state, text }) => {
      const line = document.createElement("li");
      line.dataset.state = state;
      line.textContent = text;
      return line;
    });
    find(problems, "ul", HTMLUListElement).replaceChildren(...lines);
    problems.hidden = lines.length === 0;
  }

  function paint() {
    if (isPaused) return;
    rows.forEach(paintRow);
    paintStatuses();
  }

  return {
    /** @param {{ quotes: readonly Quote[], status: readonly Status[] }} snapshot */
    replace(snapshot) {
      quotes.clear();
      statuses.clear();
      for (const quote of snapshot.quotes) quotes.set(quote.symbol, quote);
      for (const status of snapshot.status) statuses.set(status.provider, status);
      paint();
    },
    /** @param {Quote} quote */
    setQuote(quote) {
      quotes.set(quote.symbol, quote);
      const row = rows.find(({ dataset }) => dataset.symbol === quote.symbol);
      if (row && !isPaused) paintRow(row);
    },
    /** @param {Status} status */
    setStatus(status) {
      statuses.set(status.provider, status);
      paint();
    },
    /** Whether any price is as fresh as its market allows. */
    isFresh() {
      return rows.some(({ dataset }) => FRESH.has(dataset.freshness ?? ""));
    },
    /** @param {boolean} yes Whether the stream keeps the rows fresh. */
    setFollowing(yes) {
      isFollowing = yes;
      paint();
    },
    /** @param {boolean} yes Whether the reader wants the rows to stand still. */
    setPaused(yes) {
      isPaused = yes;
      paint();
    },
  };
}
