/**
 * Several isolates over one shared state, each with the resources of one kind.
 *
 * @module
 */
import { assert } from "@std/assert";
import { Problem } from "../../lib/core/problem.ts";
import type { Topic } from "../../lib/core/topic.ts";
import type { Hub } from "../../lib/hub/hub.ts";
import type { EventLog } from "../../lib/store/event_log.ts";
import { createMemoryState } from "../../lib/store/memory/backend.ts";
import type { SharedState } from "../../lib/store/backend.ts";
import { createTopicRegistry } from "../../lib/topics/registry.ts";
import type { ResourceContext } from "../../lib/topics/resource.ts";
import { type Client, createClient, createHubOver, settings } from "../hub/support.ts";
import { createManualClock, type ManualClock } from "../support/manual_clock.ts";
import { seededBy } from "../support/seeded.ts";

/** The time for which records are stored after their end, in milliseconds. */
export const RETAIN_MS = 600_000;

/** The dependencies of resources here. */
export type Context = ResourceContext & { readonly hub: Hub; readonly log: EventLog };

/** Resources under test, as far as isolates use them. */
interface WithTopics {
  topicOf(id: string): Topic;
}

/** An isolate. It can be closed, and another one started. */
export interface Isolate<Records> extends AsyncDisposable {
  readonly records: Records;
  /** Subscribes to the topic of a resource with a client that reads on. */
  subscribe(id?: string, cursor?: string): Promise<Client>;
}

/** The shared state of isolates. */
export interface Shared<Records> {
  readonly clock: ManualClock;
  readonly state: SharedState;
  /** Starts an isolate. @param view The shared state as this isolate reaches it: unchanged by default. */
  startIsolate(view?: SharedState): Isolate<Records>;
  /** Reads the types of all events of a resource from the log. */
  typesOf(id: string): Promise<string[]>;
}

/** Returns the code of the problem that a step is refused with. */
export async function refusalOf(step: () => unknown): Promise<string> {
  try {
    await step();
  } catch (thrown) {
    if (thrown instanceof Problem) return thrown.code;
    throw thrown;
  }
  return "not refused";
}

/** Creates a shared state without an isolate. @param createRecords Creates the resources of an isolate. */
export function createShared<Records extends WithTopics>(
  createRecords: (context: Context) => Records,
): Shared<Records> {
  const clock = createManualClock();
  const retention = { retainEvents: 1000, retainMs: RETAIN_MS };
  const state = createMemoryState({ clock, random: () => 0.5 }, retention);
  let seed = 0;
  let latestRecords: Records | undefined;

  function startIsolate(view = state): Isolate<Records> {
    const { hub, [Symbol.asyncDispose]: close } = createHubOver(
      clock,
      view,
      settings({ retainMs: RETAIN_MS }),
    );
    const random = seededBy(++seed);
    const records = createRecords({
      runtime: {
        clock,
        random: () => random.below(2 ** 32) / 2 ** 32,
        log: { debug() {}, info() {}, warn() {}, error: (message) => assert(false, message) },
      },
      hub,
      log: view.log,
      store: view.store,
      registry: createTopicRegistry(),
      retainMs: RETAIN_MS,
      maxEventBytes: 65_536,
    });
    latestRecords = records;
    return {
      records,
      async subscribe(id = "", cursor) {
        const filters = [{ topic: records.topicOf(id), tags: null }];
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
    startIsolate,
    async typesOf(id) {
      assert(latestRecords, "there was no isolate yet");
      const { events } = await state.log.latest(latestRecords.topicOf(id), 1_000_000);
      return events.map(({ type }) => type);
    },
  };
}
