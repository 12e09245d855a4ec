// @ts-check
/// <reference lib="dom" />
/**
 * `<connection-badge>`: how a feed is doing, why, what it does next, and a button where one can help.
 *
 * @module
 */
import { NO_FEED } from "../client/no_feed.js";
import { createCountdown } from "./countdown.js";
import { shownState } from "./presentation.js";
import { createBadgeView } from "./view.js";

/** @import { Feed } from "../client/types.js" */
/** @typedef {Pick<Feed, "state" | "onState" | "reconnect">} Watched What the badge needs of a feed. */

/**
 * The element. Its state is its `data-state` too; parts: `status`, `mark`, `word`, `reason`, `countdown`, `button`; custom
 * properties: `--edgetape-ground`, `-good`, `-warn`, `-bad`, `-calm`, `-accent`.
 */
export class ConnectionBadge extends HTMLElement {
  #view = createBadgeView(this.attachShadow({ mode: "open" }), () => this.#feed?.reconnect());
  /** @type {Watched | null} */
  #feed = null;
  /** @type {string | null} */
  #hollow = null;
  /** @type {ReturnType<typeof createCountdown> | undefined} */
  #countdown;
  #unfollow = () => {};

  /** What it tells of. It is not closed by the badge. */
  get feed() {
    return this.#feed;
  }

  set feed(feed) {
    this.#feed = feed;
    this.#follow();
  }

  /** Why a feed that is live is worth nothing, such as "Connected, but no price is fresh."; null where it is. */
  get hollow() {
    return this.#hollow;
  }

  set hollow(why) {
    this.#hollow = why;
    this.#show();
  }

  connectedCallback() {
    this.#countdown = createCountdown(this, this.#view.count);
    this.#adopt("feed");
    this.#adopt("hollow");
    this.#follow();
  }

  disconnectedCallback() {
    this.#unfollow();
    this.#countdown?.stop();
    this.#countdown = undefined;
  }

  /** Takes over what was set before the element was known. @param {"feed" | "hollow"} name */
  #adopt(name) {
    const { value } = Object.getOwnPropertyDescriptor(this, name) ?? {};
    if (value === undefined) return;
    delete this[name];
    this[name] = value;
  }

  #follow() {
    this.#unfollow();
    if (!this.isConnected) return;
    this.#unfollow = this.#feed?.onState(() => this.#show()) ?? (() => {});
    this.#show();
  }

  #show() {
    if (!this.isConnected) return;
    const state = shownState(this.#feed?.state() ?? NO_FEED, this.#hollow);
    this.dataset.state = state.kind;
    this.#view.show(state);
    this.#countdown?.setMoment(state.nextTryAt);
  }
}

// Another module of ours may have brought it.
if (!customElements.get("connection-badge")) {
  customElements.define("connection-badge", ConnectionBadge);
}
