/**
 * The prices of one provider's stream. While a connection delivers a symbol, polls read its newest price from here and
 * call nothing. For all other symbols, and while there is no connection, they call the provider as without a stream.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import type { Runtime } from "../../core/runtime.ts";
import { isoTime } from "../../core/time.ts";
import { SupervisedSocket } from "../../upstream/socket.ts";
import type { ConnectedProvider } from "./provider_client.ts";
import { compare } from "./providers/decimal.ts";
import {
  NO_BASELINE,
  NO_FIGURES,
  type Provider,
  type ProviderStream,
  type Reading,
  type StreamedPrice,
} from "./providers/provider.ts";

/**
 * The time without a message about a symbol after which polls ask the provider for it, in ms. A heartbeat proves that the
 * connection is alive, but not that it still delivers every symbol.
 */
const MAX_SYMBOL_QUIET_MS = 30_000;

/** The age at which the day's figures of a stream that has only prices are polled again, in ms. */
const MAX_FIGURES_AGE_MS = 5 * 60_000;

/** The user of a stream. */
export interface TickHandler {
  /** Handles a new price. */
  onTick(reading: Reading): void;
  /** Handles the end of a connection that delivered prices: from now on, polls call the provider. */
  onDown(): void;
}

/** A price, and the monotonic time of its message. */
interface HeardPrice {
  readonly price: StreamedPrice;
  readonly heardElapsed: number;
}

/** The fields of a reading that a message may lack. */
const NO_FIELDS = {
  ...NO_BASELINE,
  ...NO_FIGURES,
  session: null,
  is_delayed: false,
  delay_s: null,
} as const;

/** The health of an upstream that is not called. */
const HEALTHY_UPSTREAM = { breaker: "closed", nextTryAt: null, failure: null } as const;

/** The stream of a provider. It connects while symbols are followed. */
export class TickStream {
  readonly #clock: Clock;
  readonly #stream: ProviderStream;
  readonly #handler: TickHandler;
  readonly #socket: SupervisedSocket;
  #followed: readonly string[] = [];
  /** True if the connection accepts subscriptions. */
  #isReady = false;
  /** Monotonic time of the last message. */
  #heardElapsed = -Infinity;
  /** Wall time of the last message: ISO 8601. */
  #heardAt = "";
  /** The symbols that were subscribed on this connection. */
  readonly #subscribed = new Set<string>();
  /** The newest prices of this connection, by symbol. */
  readonly #prices = new Map<string, HeardPrice>();
  /** The newest readings that were polled, by symbol. */
  readonly #polled = new Map<string, Reading>();
  /** The newest market times of any connection and poll, by symbol: ISO 8601. */
  readonly #newestAsOf = new Map<string, string>();

  constructor(
    runtime: Pick<Runtime, "clock" | "random" | "log" | "connect">,
    { title }: Pick<Provider, "title">,
    stream: ProviderStream,
    handler: TickHandler,
  ) {
    this.#clock = runtime.clock;
    this.#stream = stream;
    this.#handler = handler;
    this.#socket = new SupervisedSocket(runtime, { title, ...stream }, {
      onOpen: () => this.#onOpen(),
      onMessage: (message) => this.#onMessage(message),
      onDown: () => {
        const wasDelivering = this.#prices.size > 0;
        this.#forgetConnection();
        if (wasDelivering) handler.onDown();
      },
    });
  }

  /** Follows these symbols, as far as the provider's terms allow. Without any, the connection is closed. */
  follow(symbols: readonly string[]): void {
    this.#followed = symbols.slice(0, this.#stream.maxSymbols);
    if (this.#followed.length === 0) return this.stop();
    this.#socket.start();
    this.#subscribe();
  }

  /** Closes the connection. A second call has no effect. */
  stop(): void {
    this.#followed = [];
    this.#socket.stop();
    this.#forgetConnection();
  }

  /** Returns the provider whose polls read the symbols that the connection delivers from here. */
  attachTo({ provider, upstream }: ConnectedProvider): ConnectedProvider {
    return {
      provider: {
        ...provider,
        read: (source, symbol) => this.#read(symbol, () => provider.read(source, symbol)),
      },
      upstream: {
        ...upstream,
        // Failures of calls before the connection delivered say nothing about the provider any more.
        health: () => this.#prices.size > 0 ? HEALTHY_UPSTREAM : upstream.health(),
      },
    };
  }

  #onOpen(): void {
    this.#forgetConnection();
    if (this.#stream.login === undefined) this.#onReady();
    else this.#socket.send(this.#stream.login);
  }

  #onReady(): void {
    this.#isReady = true;
    this.#subscribe();
  }

  /** Subscribes the symbols that are followed and not subscribed yet. Nothing is unsubscribed: connections end soon enough. */
  #subscribe(): void {
    const symbols = this.#followed.filter((symbol) => !this.#subscribed.has(symbol));
    if (!this.#isReady || symbols.length === 0) return;
    for (const symbol of symbols) this.#subscribed.add(symbol);
    for (const message of this.#stream.subscribe(symbols)) this.#socket.send(message);
  }

  #forgetConnection(): void {
    this.#isReady = false;
    this.#subscribed.clear();
    this.#prices.clear();
  }

  #onMessage(message: string): void {
    this.#heardElapsed = this.#clock.elapsed();
    this.#heardAt = isoTime(this.#clock.now());
    for (const event of this.#stream.parse(message)) {
      switch (event.type) {
        case "price":
          this.#onPrice(event.price);
          break;
        case "ready":
          this.#onReady();
          break;
        case "refused":
        case "unreadable":
          this.#prices.delete(event.symbol);
      }
    }
  }

  /** Accepts a price, unless it precedes one that is known. */
  #onPrice(price: StreamedPrice): void {
    const { symbol, sequence, as_of } = price;
    const previous = this.#prices.get(symbol)?.price.sequence;
    if (sequence !== undefined && previous !== undefined && sequence <= previous) return;
    if (this.#isOutdated(symbol, as_of)) return;
    if (this.#stream.hasPriceOnly) this.#widenDay(price);
    this.#prices.set(symbol, { price, heardElapsed: this.#heardElapsed });
    this.#recordAsOf(symbol, as_of, this.#heardAt);
    this.#handler.onTick(this.#toReading(price));
  }

  /** Widens the day's range of the last poll to a price that was traded since. */
  #widenDay({ symbol, price }: StreamedPrice): void {
    const polled = this.#polled.get(symbol);
    if (polled === undefined) return;
    const { high, low } = polled;
    this.#polled.set(symbol, {
      ...polled,
      high: high !== null && compare(price, high) > 0 ? price : high,
      low: low !== null && compare(price, low) < 0 ? price : low,
    });
  }

  #isOutdated(symbol: string, asOf: string | null): boolean {
    const newest = this.#newestAsOf.get(symbol);
    return newest !== undefined && asOf !== null && Date.parse(asOf) < Date.parse(newest);
  }

  /** Records a market time. One after its receipt is an error, and must not block later prices. */
  #recordAsOf(symbol: string, asOf: string | null, receivedAt: string): void {
    if (asOf === null || this.#isOutdated(symbol, asOf)) return;
    if (Date.parse(asOf) <= Date.parse(receivedAt)) this.#newestAsOf.set(symbol, asOf);
  }

  /**
   * Reads a symbol: from the connection if it delivers the symbol, else by polling.
   *
   * @throws The error of `poll`, if the connection does not deliver the symbol.
   */
  async #read(symbol: string, poll: () => Promise<Reading>): Promise<Reading> {
    const streamed = this.#needsFigures(symbol) ? null : this.#readingOf(symbol);
    if (streamed !== null) return streamed;
    try {
      const polled = await poll();
      this.#polled.set(symbol, polled);
      this.#recordAsOf(symbol, polled.as_of, polled.received_at);
      // A message that arrived during the call may be newer than the response.
      return this.#readingOf(symbol) ?? polled;
    } catch (thrown) {
      const reading = this.#readingOf(symbol);
      if (reading === null) throw thrown;
      return reading;
    }
  }

  #needsFigures(symbol: string): boolean {
    if (this.#stream.hasPriceOnly !== true) return false;
    const polledElapsed = this.#polled.get(symbol)?.receivedElapsed ?? -Infinity;
    return this.#clock.elapsed() - polledElapsed >= MAX_FIGURES_AGE_MS;
  }

  /** Returns the newest price of the connection, confirmed by its last message. Null if it does not deliver the symbol. */
  #readingOf(symbol: string): Reading | null {
    const heard = this.#prices.get(symbol);
    if (heard === undefined) return null;
    const isQuiet = this.#clock.elapsed() - heard.heardElapsed > MAX_SYMBOL_QUIET_MS;
    return isQuiet || this.#isOutdated(symbol, heard.price.as_of)
      ? null
      : this.#toReading(heard.price);
  }

  #toReading({ sequence: _sequence, ...fields }: StreamedPrice): Reading {
    return {
      ...NO_FIELDS,
      ...(this.#stream.hasPriceOnly ? this.#polled.get(fields.symbol) : {}),
      ...fields,
      received_at: this.#heardAt,
      receivedElapsed: this.#heardElapsed,
    };
  }
}
