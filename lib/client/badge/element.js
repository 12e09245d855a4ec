// @ts-check
/// <reference lib="dom" />
/**
 * `<connection-badge>`: the state of a connection, its reason, the next attempt, and a button to reconnect.
 *
 * @module
 */
import { IDLE_STATE } from "../client/state.js";
import { createCountdown } from "./countdown.js";
import { presentedState } from "./presentation.js";
import { createBadgeView } from "./view.js";

/** @import { LiveConnection } from "../client/types.js" */
/** @typedef {Pick<LiveConnection, "state" | "onState" | "reconnect">} ObservableFeed The part of a feed that the badge uses. */

/**
 * The element. `data-state` is the kind of its state. Parts: `status`, `mark`, `word`, `reason`, `countdown`, `button`.
 * Custom properties: `--edgetape-ground`, `-good`, `-warn`, `-bad`, `-calm`, `-accent`.
 */
export class ConnectionBadge extends HTMLElement {
  #view = createBadgeView(this.attachShadow({ mode: "open" }), () => this.#feed?.reconnect());
  /** @type {ObservableFeed | null} */
  #feed = null;
  /** @type {string | null} */
  #staleReason = null;
  /** @type {ReturnType<typeof createCountdown> | undefined} */
  #countdown;
  #unsubscribe = () => {};

  /** The observed feed. The badge does not close it. */
  get feed() {
    return this.#feed;
  }

  set feed(feed) {
    this.#feed = feed;
    this.#observe();
  }

  /** The reason why connected data is stale, such as "Connected, but no price is fresh."; null if it is fresh. */
  get staleReason() {
    return this.#staleReason;
  }

  set staleReason(reason) {
    this.#staleReason = reason;
    this.#show();
  }

  /** Creates a new countdown, because a disconnected one has ended. */
  connectedCallback() {
    this.#countdown = createCountdown(this, this.#view.showCountdown);
    this.#adopt("feed");
    this.#adopt("staleReason");
    this.#observe();
  }

  disconnectedCallback() {
    this.#unsubscribe();
    this.#countdown?.stop();
    this.#countdown = undefined;
  }

  /** Adopts a property that was set before the element was defined. @param {"feed" | "staleReason"} name */
  #adopt(name) {
    const { value } = Object.getOwnPropertyDescriptor(this, name) ?? {};
    if (value === undefined) return;
    delete this[name];
    this[name] = value;
  }

  /** Subscribes to the feed instead of the previous one. */
  #observe() {
    this.#unsubscribe();
    if (!this.isConnected) return;
    this.#unsubscribe = this.#feed?.onState(() => this.#show()) ?? (() => {});
    this.#show();
  }

  #show() {
    if (!this.isConnected) return;
    const state = presentedState(this.#feed?.state() ?? IDLE_STATE, this.#staleReason);
    this.dataset.state = state.kind;
    this.#view.show(state);
    this.#countdown?.setEnd(state.nextTryAt);
  }
}

// Another module of this package, which is bundled with its own copy, may have defined it.
if (!customElements.get("connection-badge")) {
  customElements.define("connection-badge", ConnectionBadge);
}
