/**
 * Several isolates over what they share, each with a ledger of its own.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { Topic } from "../../lib/core/topic.ts";
import type { Hub } from "../../lib/hub/hub.ts";
import type { EventLog } from "../../lib/store/event_log.ts";
import { createMemoryState } from "../../lib/store/memory/backend.ts";
import type { SharedState } from "../../lib/store/backend.ts";
import type { RecordStoreContext } from "../../lib/topics/record_store.ts";
import { type Client, createClient, createHubOver, settings } from "../hub/support.ts";
import { createManualClock, type ManualClock } from "../support/manual_clock.ts";
import { seededBy } from "../support/seeded.ts";

/** How long things are kept after their end, in milliseconds. */
export const RETAIN_MS = 600_000;

/** What a ledger stands on here. */
export type Context = RecordStoreContext & { readonly hub: Hub; readonly log: EventLog };

/** An isolate. It may end, and another begin. */
export interface Isolate<RecordStore> extends AsyncDisposable {
  readonly records: RecordStore;
  /** Follows one, or what is of all, and reads on and on. */
  follow(id?: string, cursor?: string): Promise<Client>;
}

/** What isolates share. */
export interface Shared<RecordStore> {
  readonly clock: ManualClock;
  readonly state: SharedState;
  /** Begins one. @param own How it sees what is shared, where it is not as it is. */
  isolate(own?: SharedState): Isolate<RecordStore>;
  /** The types of all events of one that are in the log. */
  typesOf(id: string): Promise<string[]>;
}

/**
 * Creates what isolates share: no isolate yet.
 *
 * @param ledgerOver Opens the ledger of an isolate.
 * @param topicOf The topic of one: of all, where they have one together.
 */
export function createShared<RecordStore>(
  ledgerOver: (context: Context) => RecordStore,
  topicOf: (id: string) => Topic,
): Shared<RecordStore> {
  const clock = createManualClock();
  const retention = { retainEvents: 1000, retainMs: RETAIN_MS };
  const state = createMemoryState({ clock, random: () => 0.5 }, retention);

  let seed = 0;

  function isolate(own = state): Isolate<RecordStore> {
    const { hub, [Symbol.asyncDispose]: close } = createHubOver(
      clock,
      own,
      settings({ retainMs: RETAIN_MS }),
    );
    const chance = seededBy(++seed);
    const records = ledgerOver({
      runtime: {
        clock,
        random: () => chance.below(2 ** 32) / 2 ** 32,
        log: { debug() {}, info() {}, warn() {}, error: (message) => assert(false, message) },
      },
      hub,
      log: own.log,
      store: own.store,
      retainMs: RETAIN_MS,
      maxEventBytes: 65_536,
    });
    return {
      records,
      async follow(id = "", cursor) {
        const filters = [{ topic: topicOf(id), tags: null }];
        const client = createClient(await hub.subscribe({ filters, cursor })).live();
        await clock.advance(0);
        return client;
      },
      [Symbol.asyncDispose]: close,
    };
  }

  return {
    clock,
    state,
    isolate,
    async typesOf(id) {
      const { events } = await state.log.latest(topicOf(id), 1_000_000);
      return events.map(({ type }) => type);
    },
  };
}
