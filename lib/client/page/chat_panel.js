// @ts-check
/// <reference lib="dom" />
/**
 * The chat of the demo: questions about the quotes of the page. Nothing of an answer is parsed as markup.
 *
 * @module
 */
import { createChat } from "../client/chat.js";
import { findElement } from "./dom.js";

/** @import { ChatMessage, MessagePart } from "../client/chat_message.js" */

/** The texts of a state that a reader of an answer must know. @type {Readonly<Record<string, string>>} */
const ANSWER_STATE_TEXTS = { open: "Answering …", stopped: "Stopped." };

/** The key of the conversation's name, which a reload keeps and another tab does not have. */
const CHAT_ID_KEY = "edgetape-chat-id";

/** Returns the name of this tab's conversation. Without a storage it lives as long as the page. */
function chatId() {
  // Without TLS, crypto.randomUUID is missing.
  const newId = Array.from(crypto.getRandomValues(new Uint32Array(4)), String).join("-");
  try {
    const id = sessionStorage.getItem(CHAT_ID_KEY) ?? newId;
    sessionStorage.setItem(CHAT_ID_KEY, id);
    return id;
  } catch {
    return newId;
  }
}

/** @param {string} tag @param {string} text @param {readonly Node[]} children */
function createElementWith(tag, text = "", children = []) {
  const element = document.createElement(tag);
  element.textContent = text;
  element.append(...children);
  return element;
}

/** A model may send any JSON value in any field of a component. @param {unknown} value @returns {readonly any[]} */
const listOf = (value) => Array.isArray(value) ? value : [];

/** @param {unknown} value A JSON value. */
function valueText(value) {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "");
}

/** Renders a table of a component. @param {any} data */
function componentTable({ title, columns, rows }) {
  const fields = listOf(columns).map((column) => ({
    key: valueText(column?.key ?? column),
    title: valueText(column?.title ?? column?.label ?? column?.key ?? column),
  }));
  // A heading without a text is no heading: a screen reader would announce nothing.
  const head = fields.map(({ title }) => createElementWith(title === "" ? "td" : "th", title));
  const body = listOf(rows).map((row) =>
    createElementWith(
      "tr",
      "",
      fields.map(({ key }) => createElementWith("td", valueText(row?.[key]))),
    )
  );
  return createElementWith("table", "", [
    ...title === undefined ? [] : [createElementWith("caption", valueText(title))],
    createElementWith("thead", "", [createElementWith("tr", "", head)]),
    createElementWith("tbody", "", body),
  ]);
}

/** Describes a chart in words: the first and the last value of each series. @param {any} data */
function chartText({ title, data }) {
  const texts = listOf(data).map((series) => {
    const values = listOf(series?.y);
    return `${valueText(series?.name)} from ${valueText(values.at(0))} to ${
      valueText(values.at(-1))
    }`;
  });
  return `${valueText(title ?? "Chart")}: ${texts.join(", ")}`;
}

/** Describes any other component by the texts of its data. @param {any} component */
function componentText({ type, data }) {
  const texts = Object.values(data ?? {}).filter((value) => typeof value === "string");
  return texts.join(" · ") || valueText(type);
}

/** @param {MessagePart} part @returns {HTMLElement | null} Null for a part that is not shown. */
function renderPart(part) {
  switch (part.kind) {
    case "text":
      return createElementWith("p", part.text.trim());
    case "reasoning":
      return createElementWith("p", part.text.trim());
    case "component": {
      const { type, data } = part.component;
      if ((type === "table" || type === "dataframe") && Array.isArray(data?.rows)) {
        return componentTable(data);
      }
      return createElementWith(
        "p",
        type === "chart" ? chartText(data ?? {}) : componentText(part.component),
      );
    }
    default:
      return null;
  }
}

/** @param {ChatMessage} message */
function renderMessage({ role, parts, state, error }) {
  const item = document.createElement("li");
  item.dataset.role = role;
  item.dataset.state = state;
  item.append(...parts.map(renderPart).filter((element) => element !== null));
  const note = error ?? ANSWER_STATE_TEXTS[state];
  if (note !== undefined) item.append(createElementWith("small", note));
  return item;
}

/** Takes over the panel of the demo. Does nothing on other servers, whose page has none. @param {HTMLElement} page */
export function createChatPanel(page) {
  const panel = page.querySelector("#chat");
  if (!(panel instanceof HTMLElement)) return;
  const form = findElement(panel, "form", HTMLFormElement);
  const input = findElement(form, "input", HTMLInputElement);
  const sendButton = findElement(form, "[type=submit]", HTMLButtonElement);
  const stopButton = findElement(form, "[name=stop]", HTMLButtonElement);
  const retryButton = findElement(form, "[name=retry]", HTMLButtonElement);
  const list = findElement(panel, "ol", HTMLOListElement);
  const chat = createChat({ id: chatId(), storage: () => sessionStorage });
  /** The shown messages, of which each is rendered again only after a change. @type {readonly ChatMessage[]} */
  let shown = [];

  function paint() {
    const { messages, isBusy } = chat.state();
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    messages.forEach((message, index) => {
      if (shown[index] === message) return;
      const element = renderMessage(message);
      const current = list.children[index];
      if (current) current.replaceWith(element);
      else list.append(element);
    });
    while (list.children.length > messages.length) list.lastElementChild?.remove();
    shown = messages;
    if (isAtEnd) list.scrollTop = list.scrollHeight;
    const last = messages.at(-1);
    const canRetry = !isBusy && last !== undefined && last.state === "failed";
    sendButton.disabled = isBusy;
    stopButton.hidden = !isBusy;
    retryButton.hidden = !canRetry;
    list.ariaBusy = String(isBusy); // a screen reader reads the answer at its end
    list.hidden = messages.length === 0;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text === "" || chat.state().isBusy) return;
    input.value = "";
    void chat.send(text);
  });
  stopButton.addEventListener("click", () => void chat.stop());
  retryButton.addEventListener("click", () => void chat.retry());
  panel.hidden = false;
  chat.subscribe(paint);
  paint();
}
