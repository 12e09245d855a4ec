/**
 * Sockets to simulated streams: they open, tick, beat, and fail as the fault script says.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { SocketLike } from "../core/runtime.ts";
import { fraction } from "./noise.ts";
import type { FaultScript } from "./script.ts";
import type { SimulatedStream } from "./simulated_stream.ts";

/** The time of a handshake, in ms. */
const HANDSHAKE_MS = 20;

/** The time between two beats of a connection, in ms: each symbol may trade once in a beat. */
const BEAT_MS = 250;

/** The beats between two heartbeats. */
const BEATS_PER_HEARTBEAT = 4;

/** The share of beats in which a symbol trades. */
const TRADE_SHARE = 0.5;

/** The code of a connection that was cut. */
const CUT_CODE = 1006;

/** The environment of a simulated socket. */
export interface SimulatedNetwork {
  readonly clock: Clock;
  readonly script: FaultScript;
  /** Returns the body of a polled response at a wall time in ms, and records that it was sent. */
  read(url: URL, at: number): unknown;
}

/** A socket to a simulated stream. */
export class SimulatedSocket implements SocketLike {
  onopen: SocketLike["onopen"] = null;
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  readonly #network: SimulatedNetwork;
  readonly #stream: SimulatedStream;
  readonly #tickers = new Set<string>();
  #beats = 0;
  #cancelTimer: () => void;

  constructor(network: SimulatedNetwork, stream: SimulatedStream) {
    this.#network = network;
    this.#stream = stream;
    this.#cancelTimer = network.clock.after(HANDSHAKE_MS, () => this.#open());
  }

  send(message: string): void {
    const { messages, subscribed } = this.#stream.answer(message);
    for (const ticker of subscribed) this.#tickers.add(ticker);
    for (const answer of messages) this.#receive(JSON.stringify(answer));
  }

  close(): void {
    this.#cancelTimer();
  }

  #act() {
    const { clock, script } = this.#network;
    return script(this.#stream.host, clock.now());
  }

  #open(): void {
    if (this.#act()?.fault === "cut") return this.#cut();
    this.#cancelTimer = this.#network.clock.every(BEAT_MS, () => this.#beat());
    this.onopen?.(new Event("open"));
    for (const message of this.#stream.greet()) this.#receive(JSON.stringify(message));
  }

  #cut(): void {
    this.#cancelTimer();
    this.onclose?.(new CloseEvent("close", { code: CUT_CODE }));
  }

  #receive(data: string): void {
    this.onmessage?.(new MessageEvent("message", { data }));
  }

  #beat(): void {
    const act = this.#act();
    if (act?.fault === "cut") return this.#cut();
    if (act?.fault === "slow") return;
    const beat = this.#beats++;
    const at = act?.fault === "stale" ? act.startsAt : this.#network.clock.now();
    const read = (url: string) => this.#network.read(new URL(url), at);
    const tickers = [...this.#tickers];
    const traded = tickers.filter((_, index) => fraction(1, index, beat) < TRADE_SHARE);
    const messages = [
      ...(beat % BEATS_PER_HEARTBEAT === 0 ? this.#stream.heartbeat(tickers) : []),
      ...traded.map((ticker) => this.#stream.tick({ ticker, at, sequence: beat, read })),
    ].filter((message) => message !== null).map((message) => JSON.stringify(message));
    for (const message of messages) {
      this.#receive(act?.fault === "garbage" ? message.slice(0, message.length / 2) : message);
    }
  }
}
