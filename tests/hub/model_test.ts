/**
 * The rule everything rests on, against anything that may happen: a connection may be cut anywhere, inside a frame too,
 * and its cursor is right. The log may go away, lag, jump and be lost meanwhile.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { comparePositions } from "../../lib/core/position.ts";
import type { Topic } from "../../lib/core/topic.ts";
import type { Hub } from "../../lib/hub/hub.ts";
import { createFrameParser, type ReceivedFrame } from "../support/frames.ts";
import { propertyRuns } from "../support/property_runs.ts";
import { createShakyHub } from "./faulty_log.ts";
import { alerts, notes, numbered, price, prices, readerOf } from "./support.ts";

const TOPICS = [prices, alerts, notes];
const SYMBOLS = ["A", "B", "C"];

/** What a user follows. */
interface Wanted {
  readonly topics: readonly Topic[];
  readonly symbols: readonly string[] | null;
  readonly maxRate: number | undefined;
}

/** What was published: the number of the newest event of each log topic, the newest value of each symbol. */
interface Published {
  readonly numbers: Map<string, number>;
  readonly values: Map<string, number>;
}

/** A user over many connections, who checks every frame. */
class User {
  cursor = "";
  /** Of each log topic, the number of the newest event it has. */
  readonly numbers = new Map<string, number>();
  readonly values = new Map<string, number>();
  readonly gaps = new Set<string>();
  /** Log topics that were joined where the log could not be heard: what comes first may be older. */
  readonly fresh = new Set<string>();
  /** Whether a gap is right although the log keeps everything. */
  mayMiss = false;
  /** What was found wrong while it read. */
  failure: unknown;
  #connection: { cut(): void; allow(chunks: number, share: number): void } | undefined;

  constructor(readonly wanted: Wanted) {}

  async connect(hub: Hub, published: Published, isWell: boolean): Promise<void> {
    const { topics, symbols, maxRate } = this.wanted;
    const isNew = this.cursor === "";
    const filters = topics.map((topic) => ({ topic, tags: topic === prices ? symbols : null }));
    const stream = await hub.subscribe({ filters, cursor: this.cursor, maxRate });
    if (isNew) {
      this.mayMiss ||= !isWell;
      for (const { name } of topics) {
        if (!isWell) this.fresh.add(name);
        this.numbers.set(name, published.numbers.get(name) ?? 0);
      }
    }
    this.#follow(readerOf(stream));
  }

  #follow(reader: ReadableStreamDefaultReader<Uint8Array>): void {
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
            assert(comparePositions(frame.id, lastId) >= 0, `ids fall: ${lastId}, ${frame.id}`);
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
    const said = JSON.parse(data);
    const { symbols } = this.wanted;
    if (event === "snapshot") this.values.clear();
    for (const each of event === "snapshot" ? said : event === "price" ? [said] : []) {
      assert(symbols === null || symbols.includes(each.symbol), "a symbol it did not ask for");
      this.values.set(each.symbol, each.price);
    }
    if (event === "gap") {
      assert(this.mayMiss, "a gap where nothing is missing");
      this.gaps.add(said.topic);
    }
    if (event !== "alert" && event !== "note") return;
    const topic = event === "alert" ? alerts.name : notes.name;
    const expected = (this.numbers.get(topic) ?? 0) + 1;
    if (this.fresh.delete(topic)) assert(said.n > 0);
    else if (this.gaps.delete(topic)) assert(said.n >= expected, `${topic}: repeated`);
    else assertEquals(said.n, expected, `${topic}: lost or repeated`);
    this.numbers.set(topic, said.n);
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** Reads some chunks; of a `share` below 1, only the beginning of the next, and the connection is lost. */
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
        fc.constantFrom("leave", "lag", "come back", "jump", "lose"),
        fc.constant(0),
        fc.constant(0),
      ),
    },
  ),
  { minLength: 10, maxLength: 60 },
);

const wanted: fc.Arbitrary<Wanted> = fc.record({
  topics: fc.subarray(TOPICS, { minLength: 1 }),
  symbols: fc.constantFrom(null, ["A"], ["B", "C"]),
  maxRate: fc.constantFrom(undefined, undefined, 10, 0.5),
});

for (const retainEvents of [1000, 8]) {
  Deno.test(`whatever is cut or stalls, nothing is lost or repeated (${retainEvents} kept)`, async () => {
    const property = fc.asyncProperty(
      fc.array(wanted, { minLength: 3, maxLength: 3 }),
      steps,
      fc.constantFrom("", "x".repeat(20_000)),
      async (wants, script, text) => {
        await using test = createShakyHub({ retainEvents, heartbeatMs: 1000 });
        const { shaky, hub, clock } = test;
        await hub.latest({ topic: alerts, tags: null });
        let isWell = true;
        const published: Published = { numbers: new Map(), values: new Map() };
        const users = wants.map((each) => new User(each));
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
          await shaky.elsewhere(topic, batch);
        }

        async function shake(what: string): Promise<void> {
          if (what === "leave") shaky.leave();
          if (what === "lag") shaky.lag();
          if (what === "come back") shaky.comeBack();
          if (what === "jump") await shaky.jump();
          if (what === "lose") {
            shaky.lose();
            published.values.clear();
            for (const user of users) user.mayMiss = true;
          } else isWell = what === "come back" || what === "jump";
        }

        for (const [what, a, b] of script) {
          for (const user of users) {
            if (!user.isConnected) await user.connect(hub, published, isWell);
          }
          if (what === "publish") await publish(a, b);
          else if (what === "wait") await clock.advance(a);
          else if (what === "read") users[a]?.read(b);
          else if (what === "cut") users[a]?.read(1, b);
          else await shake(what);
          if (isWell) await hub.received([await shaky.trueHead()]);
          assertEquals(hub.violations(), []);
        }
        shaky.comeBack();
        await hub.received([await shaky.trueHead()]);

        // In the end everybody reads on until nothing comes any more.
        for (let round = 0; round < 6; round++) {
          for (const user of users) {
            if (!user.isConnected) await user.connect(hub, published, true);
            user.read(1000);
          }
          await clock.advance(2500);
          assertEquals(hub.violations(), []);
        }
        for (const user of users) {
          const { wanted: { topics, symbols }, numbers, values, gaps, fresh, failure } = user;
          if (failure) throw failure;
          for (const { name } of topics) {
            if (name === prices.name) {
              const mine = [...published.values].filter(([symbol]) =>
                symbols === null || symbols.includes(symbol)
              );
              assertEquals(new Map([...values].sort()), new Map(mine.sort()));
            } else if (!gaps.has(name) && !fresh.has(name)) {
              assertEquals(numbers.get(name) ?? 0, published.numbers.get(name) ?? 0);
            }
          }
        }
        for (const user of users) user.cut();
      },
    );
    await fc.assert(property, { numRuns: propertyRuns(25) });
  });
}
