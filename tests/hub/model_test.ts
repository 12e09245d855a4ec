/**
 * A model test of delivery: users receive each event once and in order. A connection may be cut anywhere, also within a
 * frame. The log may go down, lag, jump and get lost meanwhile.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { comparePositions } from "../../lib/core/position.ts";
import type { Topic } from "../../lib/core/topic.ts";
import type { Hub } from "../../lib/hub/hub.ts";
import { createFrameParser, type ReceivedFrame } from "../support/frames.ts";
import { propertyRuns } from "../support/property_runs.ts";
import { createFaultyHub } from "./faulty_log.ts";
import { alerts, notes, numbered, price, prices, readerOf } from "./support.ts";

const TOPICS = [prices, alerts, notes];
const SYMBOLS = ["A", "B", "C"];

/** The topics and filter of a user. */
interface UserSubscription {
  readonly topics: readonly Topic[];
  readonly symbols: readonly string[] | null;
  readonly maxRate: number | undefined;
}

/** The publications so far: the number of the newest event of each log topic, the newest value of each symbol. */
interface Published {
  readonly numbers: Map<string, number>;
  readonly values: Map<string, number>;
}

/** A user who subscribes over many connections, one after the other, and checks every frame. */
class User {
  cursor = "";
  /** By log topic: the number of the newest event that it has received. */
  readonly numbers = new Map<string, number>();
  readonly values = new Map<string, number>();
  readonly gaps = new Set<string>();
  /** The log topics to which it subscribed while the log was not up: the first event may be an older one. */
  readonly unsure = new Set<string>();
  /** True if a gap is correct, since the log may have lost events. */
  mayMiss = false;
  /** The first violation that it found. */
  failure: unknown;
  #connection: { cut(): void; allow(chunks: number, share: number): void } | undefined;

  constructor(readonly subscription: UserSubscription) {}

  async connect(hub: Hub, published: Published, isLogUp: boolean): Promise<void> {
    const { topics, symbols, maxRate } = this.subscription;
    const isNew = this.cursor === "";
    const filters = topics.map((topic) => ({ topic, tags: topic === prices ? symbols : null }));
    const stream = await hub.subscribe({ filters, cursor: this.cursor, maxRate });
    if (isNew) {
      this.mayMiss ||= !isLogUp;
      for (const { name } of topics) {
        if (!isLogUp) this.unsure.add(name);
        this.numbers.set(name, published.numbers.get(name) ?? 0);
      }
    }
    this.#consume(readerOf(stream));
  }

  #consume(reader: ReadableStreamDefaultReader<Uint8Array>): void {
    const parser = createFrameParser(this.cursor);
    let lastId = "0-0";
    let credit = 0;
    let share = 1;
    let isReading = false;
    const fail = (failure: unknown) => this.failure ??= failure;

    const pump = async () => {
      if (isReading) return;
      isReading = true;
      while (credit-- > 0) {
        const { done, value } = await reader.read();
        if (done) {
          this.#connection = undefined;
          break;
        }
        const isCut = share < 1;
        const part = isCut ? value.subarray(0, Math.floor(value.length * share)) : value;
        for (const frame of parser.feed(part)) {
          if (frame.id !== null) {
            assert(comparePositions(frame.id, lastId) >= 0, `ids decrease: ${lastId}, ${frame.id}`);
            lastId = frame.id;
          }
          this.#take(frame);
        }
        this.cursor = parser.lastEventId;
        if (isCut) {
          this.cut();
          break;
        }
      }
      isReading = false;
    };

    this.#connection = {
      allow(chunks, part) {
        credit = Math.max(credit, 0) + chunks;
        share = part;
        pump().catch(fail);
      },
      cut: () => void reader.cancel(),
    };
  }

  #take({ event, data }: ReceivedFrame): void {
    const parsed = JSON.parse(data);
    const { symbols } = this.subscription;
    if (event === "snapshot") this.values.clear();
    const prices = event === "snapshot" ? parsed : event === "price" ? [parsed] : [];
    for (const { symbol, price } of prices) {
      assert(symbols === null || symbols.includes(symbol), "a symbol outside its filter");
      this.values.set(symbol, price);
    }
    if (event === "gap") {
      assert(this.mayMiss, "a gap although nothing is missing");
      this.gaps.add(parsed.topic);
    }
    if (event !== "alert" && event !== "note") return;
    const topic = event === "alert" ? alerts.name : notes.name;
    const expected = (this.numbers.get(topic) ?? 0) + 1;
    if (this.unsure.delete(topic)) assert(parsed.n > 0);
    else if (this.gaps.delete(topic)) assert(parsed.n >= expected, `${topic}: repeated`);
    else assertEquals(parsed.n, expected, `${topic}: lost or repeated`);
    this.numbers.set(topic, parsed.n);
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** Reads some chunks. A `share` below 1 reads only the beginning of the next one, and cuts the connection. */
  read(chunks: number, share = 1): void {
    this.#connection?.allow(chunks, share);
  }

  cut(): void {
    this.#connection?.cut();
    this.#connection = undefined;
  }
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(
        fc.constant("publish"),
        fc.nat(TOPICS.length - 1),
        fc.integer({ min: 1, max: 6 }),
      ),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(
        fc.constant("wait"),
        fc.constantFrom(0, 5, 20, 300, 2000),
        fc.constant(0),
      ),
    },
    {
      weight: 5,
      arbitrary: fc.tuple(fc.constant("read"), fc.nat(2), fc.integer({ min: 1, max: 4 })),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(
        fc.constant("cut"),
        fc.nat(2),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
      ),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(
        fc.constantFrom("go down", "lag", "recover", "jump", "lose"),
        fc.constant(0),
        fc.constant(0),
      ),
    },
  ),
  { minLength: 10, maxLength: 60 },
);

const subscription: fc.Arbitrary<UserSubscription> = fc.record({
  topics: fc.subarray(TOPICS, { minLength: 1 }),
  symbols: fc.constantFrom(null, ["A"], ["B", "C"]),
  maxRate: fc.constantFrom(undefined, undefined, 10, 0.5),
});

/** Subscribes to topics without a filter. */
function subscribeTo(...topics: Topic[]): UserSubscription {
  return { topics, symbols: null, maxRate: undefined };
}

/**
 * Runs that once failed. A client gets its position while its isolate lags: its window still has events that the log has
 * truncated, and the `gap` must name the oldest event that the client then receives.
 */
const EXAMPLES: [UserSubscription[], [string, number, number][], string][] = [[
  [subscribeTo(prices), subscribeTo(notes), subscribeTo(alerts, notes)],
  [
    ["lose", 0, 0],
    ["wait", 0, 0],
    ["read", 2, 2],
    ["publish", TOPICS.indexOf(alerts), 3],
    ["lag", 0, 0],
    ["publish", TOPICS.indexOf(alerts), 3],
    ["publish", TOPICS.indexOf(alerts), 2],
    ["read", 0, 1],
    ["publish", TOPICS.indexOf(notes), 1],
    ["publish", TOPICS.indexOf(alerts), 2],
    ["wait", 2000, 0],
    ["publish", TOPICS.indexOf(prices), 1],
  ],
  "x".repeat(20_000),
]];

for (const retainEvents of [1000, 8]) {
  Deno.test(`Hub loses and repeats no event, whatever is cut, blocked or unavailable (${retainEvents} retained)`, async () => {
    const property = fc.asyncProperty(
      fc.array(subscription, { minLength: 3, maxLength: 3 }),
      steps,
      fc.constantFrom("", "x".repeat(20_000)),
      async (subscriptions, script, text) => {
        await using test = createFaultyHub({ retainEvents, heartbeatMs: 1000 });
        const { faulty, hub, clock } = test;
        await hub.latest({ topic: alerts, tags: null });
        let isLogUp = true;
        const published: Published = { numbers: new Map(), values: new Map() };
        const users = subscriptions.map((subscription) => new User(subscription));
        for (const user of users) user.mayMiss = retainEvents < 1000;

        async function publish(index: number, count: number): Promise<void> {
          const topic = TOPICS[index] ?? prices;
          const number = published.numbers.get(topic.name) ?? 0;
          const batch = [...Array(count).keys()].map((i) => {
            const n = number + 1 + i;
            if (topic !== prices) return numbered(topic === alerts ? "alert" : "note", n, text);
            const symbol = SYMBOLS[n % SYMBOLS.length] ?? "A";
            published.values.set(symbol, n);
            return price(symbol, n);
          });
          published.numbers.set(topic.name, number + count);
          await faulty.publishElsewhere(topic, batch);
        }

        async function inject(fault: string): Promise<void> {
          if (fault === "go down") faulty.goDown();
          if (fault === "lag") faulty.lag();
          if (fault === "recover") faulty.recover();
          if (fault === "jump") await faulty.jump();
          if (fault === "lose") {
            faulty.lose();
            published.values.clear();
            for (const user of users) user.mayMiss = true;
          } else isLogUp = fault === "recover" || fault === "jump";
        }

        for (const [step, argument, detail] of script) {
          for (const user of users) {
            if (!user.isConnected) await user.connect(hub, published, isLogUp);
          }
          if (step === "publish") await publish(argument, detail);
          else if (step === "wait") await clock.advance(argument);
          else if (step === "read") users[argument]?.read(detail);
          else if (step === "cut") users[argument]?.read(1, detail);
          else await inject(step);
          if (isLogUp) await hub.received([await faulty.trueHead()]);
          assertEquals(hub.violations(), []);
        }
        faulty.recover();
        await hub.received([await faulty.trueHead()]);

        // In the end every user reads until nothing more arrives.
        for (let round = 0; round < 6; round++) {
          for (const user of users) {
            if (!user.isConnected) await user.connect(hub, published, true);
            user.read(1000);
          }
          await clock.advance(2500);
          assertEquals(hub.violations(), []);
        }
        for (const user of users) {
          const { subscription: { topics, symbols }, numbers, values, gaps, unsure, failure } =
            user;
          if (failure) throw failure;
          for (const { name } of topics) {
            if (name === prices.name) {
              const subscribed = [...published.values].filter(([symbol]) =>
                symbols === null || symbols.includes(symbol)
              );
              assertEquals(new Map([...values].sort()), new Map(subscribed.sort()));
            } else if (!gaps.has(name) && !unsure.has(name)) {
              assertEquals(numbers.get(name) ?? 0, published.numbers.get(name) ?? 0);
            }
          }
        }
        for (const user of users) user.cut();
      },
    );
    await fc.assert(property, { numRuns: propertyRuns(30), examples: EXAMPLES });
  });
}
