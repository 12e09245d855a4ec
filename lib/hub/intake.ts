/**
 * The road from the log into this isolate: every publication comes this way, whoever published it.
 *
 * @module
 */
import { comparePlaces, type Place } from "../core/place.ts";
import type { EventLog } from "../store/event_log.ts";
import { type EncodedEvent, SseEncoderStream } from "../wire/sse.ts";

/** Takes in what is published. */
export interface Intake {
  /** The place of the newest event this isolate has received. */
  head(): Place;
  /** Begins to follow the log, once. */
  begin(): Promise<void>;
  /** Settles when everything up to a place was received. */
  reached(place: Place): Promise<void>;
  end(): Promise<void>;
}

/** What an intake hands on. */
export interface IntakeHandlers {
  /** One publication, once, in order. @param before The head before it. */
  readonly receive: (events: readonly EncodedEvent[], before: Place) => void;
  /** Puts events into the window of their topic: the head moves right after. */
  readonly store: (topic: string, events: readonly EncodedEvent[]) => void;
  readonly onFault: (thrown: unknown) => void;
}

/** Creates an intake of a log. */
export function createIntake(
  log: EventLog,
  { receive, store, onFault }: IntakeHandlers,
): Intake {
  const ending = new AbortController();
  let head: Place = "0-0";
  let begun: Promise<void> | undefined;
  let waiting: { readonly place: Place; readonly resolve: () => void }[] = [];

  function take(events: readonly EncodedEvent[]): void {
    const [first] = events;
    const last = events.at(-1);
    if (!first || !last || comparePlaces(last.id, head) <= 0) return;
    const before = head;
    store(first.topic, events);
    head = last.id;
    receive(events, before);

    const asked = waiting;
    waiting = asked.filter(({ place }) => comparePlaces(place, head) > 0);
    for (const each of asked) if (!waiting.includes(each)) each.resolve();
  }

  async function follow(): Promise<void> {
    const batches = log.follow();
    try {
      head = await log.head();
    } catch (thrown) {
      await batches.cancel();
      throw thrown;
    }
    const sink = new WritableStream<readonly EncodedEvent[]>({
      write(events) {
        try {
          take(events);
        } catch (thrown) {
          onFault(thrown); // one event's fault must not be the next one's
        }
      },
    });
    batches.pipeThrough(new SseEncoderStream(onFault)).pipeTo(sink, { signal: ending.signal })
      .catch((thrown) => {
        if (!ending.signal.aborted) onFault(thrown);
      });
  }

  return {
    head: () => head,
    begin() {
      begun ??= follow().catch((thrown) => {
        begun = undefined;
        throw thrown;
      });
      return begun;
    },
    reached: (place) =>
      comparePlaces(place, head) <= 0
        ? Promise.resolve()
        : new Promise((resolve) => waiting.push({ place, resolve })),
    async end() {
      await begun;
      ending.abort();
    },
  };
}
