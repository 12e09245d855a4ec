// @ts-check
/// <reference lib="dom" />
/**
 * A demo operation: begun by a button, and followed to its end over a connection of its own.
 *
 * @module
 */
import { find, write } from "./dom.js";
import { durationWords } from "../format/values.js";

/** @import { Feed, Options } from "../client/types.js" */
/** @import { Operation } from "./types.js" */

const BEGIN = "/demo/operations";

/** @type {Readonly<Record<string, string>>} */
const RUN_STATES = {
  pending: "Waiting",
  running: "Running",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
  expired: "Expired",
};

const ENDED = new Set(["completed", "failed", "cancelled", "expired"]);

/**
 * Sends a request without a body.
 *
 * @param {string} path
 */
async function post(path) {
  const answer = await fetch(path, { method: "POST" }).catch(() => {
    throw new Error("The server does not answer.");
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(String(body.detail ?? answer.statusText));
  return body;
}

/**
 * Takes over the panel, where there is one: the demo alone has it.
 *
 * @param {HTMLElement} page
 * @param {(options: Options) => Feed} connect
 */
export function createOperation(page, connect) {
  const panel = page.querySelector("#operation");
  if (!panel) return;
  const button = find(panel, "button", HTMLButtonElement);
  const run = find(panel, ".run", HTMLElement);
  const bar = find(run, "progress", HTMLProgressElement);

  /** @param {Readonly<Record<string, string>>} texts By the name of the field. */
  function show(texts) {
    for (const [field, text] of Object.entries(texts)) {
      write(find(run, `[data-field=${field}]`, HTMLElement), text);
    }
    run.hidden = false;
  }

  /** @param {Operation} operation */
  function paint({ id, state, progress, message, eta_s }) {
    run.dataset.state = state;
    if (progress === null) bar.removeAttribute("value");
    else bar.value = progress;
    show({
      id,
      state: RUN_STATES[state] ?? state,
      percent: progress === null ? "" : `${Math.round(progress * 100)}\u00a0%`,
      message: message ?? "",
      eta: eta_s === null ? "" : `${durationWords(eta_s)} left`,
    });
  }

  /** @param {string} words */
  function fail(words) {
    button.disabled = false;
    run.dataset.state = "failed";
    bar.value = 0;
    show({ state: "Failed", message: words, eta: "", percent: "", id: "" });
  }

  /** @param {Operation} begun */
  function follow(begun) {
    paint(begun);
    const { id } = begun;
    const feed = connect({
      url: "/",
      topics: [`operations/${id}`],
      // A ticket opens one connection: each has its own, and no other tab can use it.
      ticket: async () => (await post(`${BEGIN}/${id}/tickets`)).ticket,
      share: false,
    });
    feed.subscribe(({ data }) => {
      paint(data);
      if (!ENDED.has(data.state)) return;
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
      follow(await post(BEGIN));
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
  });
}
