// @ts-check
/// <reference lib="dom" />
/**
 * The panel of a demo operation. A button starts the operation, and a separate connection follows it to its end.
 *
 * @module
 */
import { TERMINAL_EVENTS } from "../client/event_types.js";
import { writeText } from "../dom/write_text.js";
import { formatDuration } from "../format/values.js";
import { findElement } from "./dom.js";

/** @import { ConnectOptions, LiveConnection } from "../client/types.js" */
/** @import { OperationData } from "../format/types.js" */

const DEMO_OPERATIONS_PATH = "/demo/operations";

/** @type {Readonly<Record<string, string>>} */
const OPERATION_STATE_TEXTS = {
  pending: "Waiting",
  running: "Running",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
  expired: "Expired",
};

/**
 * Sends a POST without a body and returns the JSON of the response.
 *
 * @param {string} path
 * @throws {Error} With a text for the user.
 */
async function postEmpty(path) {
  const response = await fetch(path, { method: "POST" }).catch(() => {
    throw new Error("The server does not answer.");
  });
  const body = await response.json();
  if (!response.ok) throw new Error(String(body.detail ?? response.statusText));
  return body;
}

/**
 * Takes over the panel of the demo. Does nothing on other servers, whose page has none.
 *
 * @param {HTMLElement} page
 * @param {(options: ConnectOptions) => LiveConnection} connect
 */
export function createOperationPanel(page, connect) {
  const panel = page.querySelector("#operation");
  if (!panel) return;
  const button = findElement(panel, "button", HTMLButtonElement);
  const run = findElement(panel, ".run", HTMLElement);
  const bar = findElement(run, "progress", HTMLProgressElement);

  /** Writes texts into the panel. @param {Readonly<Record<string, string>>} texts By the name of the field. */
  function show(texts) {
    for (const [field, text] of Object.entries(texts)) {
      writeText(findElement(run, `[data-field=${field}]`, HTMLElement), text);
    }
    run.hidden = false;
  }

  /** Paints the state of the operation. @param {OperationData} operation */
  function paint({ id, state, progress, message, eta_s }) {
    run.dataset.state = state;
    if (progress === null) bar.removeAttribute("value");
    else bar.value = progress;
    show({
      id,
      state: OPERATION_STATE_TEXTS[state] ?? state,
      percent: progress === null ? "" : `${Math.round(progress * 100)}\u00a0%`,
      message: message ?? "",
      eta: eta_s === null ? "" : `${formatDuration(eta_s)} left`,
    });
  }

  /** Shows that the operation cannot be followed. @param {string} message */
  function fail(message) {
    button.disabled = false;
    run.dataset.state = "failed";
    bar.value = 0;
    show({ state: "Failed", message, eta: "", percent: "", id: "" });
  }

  /** Follows an operation until its terminal state. @param {OperationData} operation */
  function follow(operation) {
    paint(operation);
    const { id } = operation;
    const feed = connect({
      url: "/",
      topics: [`operations/${id}`],
      // A ticket opens one connection. Each attempt therefore obtains another, and no other tab can share it.
      ticket: async () => (await postEmpty(`${DEMO_OPERATIONS_PATH}/${id}/tickets`)).ticket,
      share: false,
    });
    feed.subscribe(({ data }) => {
      paint(data);
      if (!TERMINAL_EVENTS.includes(data.state)) return;
      button.disabled = false;
      feed.close();
    });
    feed.onState(({ kind, reason }) => {
      if (kind === "stopped" && button.disabled) fail(reason);
    });
  }

  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      follow(await postEmpty(DEMO_OPERATIONS_PATH));
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
  });
}
