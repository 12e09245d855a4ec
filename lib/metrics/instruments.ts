/**
 * THE LIST of what is measured, under the names Prometheus knows it by.
 *
 * @module
 */
import { Counter, Gauge, type Registry } from "prom-client";

/** Names and explains each. The last word of a counter's name is `total`. */
export function createInstruments(registry: Registry) {
  const registers = [registry];

  function counter<Label extends string>(name: string, help: string, ...labelNames: Label[]) {
    return new Counter({ name: `edgetape_${name}_total`, help, labelNames, registers });
  }

  function gauge<Label extends string>(name: string, help: string, ...labelNames: Label[]) {
    return new Gauge({ name: `edgetape_${name}`, help, labelNames, registers });
  }

  return {
    info: gauge("info", "1, with what runs here.", "version", "store"),
    streams: gauge("streams", "Streams that are open.", "topic"),
    lagging: gauge(
      "streams_lagging",
      "Open streams that are owed what they had no room for yet.",
      "topic",
    ),
    hung: gauge("streams_hung", "Open streams that have had no room for 10 s.", "topic"),
    opened: counter("streams_opened", "Streams that were opened.", "topic"),
    closed: counter("streams_closed", "Streams that ended, by why.", "topic", "reason"),
    refused: counter("streams_refused", "Streams that were refused, by why.", "reason"),
    seatsInUse: gauge(
      "seats_in_use",
      "Seats taken: by streams, and by ended ones whose sockets are not free yet.",
    ),
    seatsLimit: gauge("seats_limit", "Seats there are."),
    delivered: counter(
      "events_delivered",
      "Events handed to clients, once for each client.",
      "topic",
    ),
    published: counter(
      "events_published",
      "Events that were to be published, by what became of them.",
      "topic",
      "outcome",
    ),
    deprecated: counter(
      "deprecated_uses",
      "Requests made in a way that is to go, by which.",
      "use",
    ),
    storeUp: gauge("store_up", "1 while the shared store answers, else 0."),
    storeCommands: counter(
      "store_commands",
      "Commands sent to Redis, those inside of scripts too.",
    ),
    calls: counter(
      "provider_calls",
      "Calls to providers, by what became of them.",
      "provider",
      "outcome",
    ),
    breaker: gauge(
      "provider_breaker",
      "1 for the state a provider's breaker is in, else 0.",
      "provider",
      "state",
    ),
    tasks: gauge("tasks", "Tasks that have not ended, on all isolates.", "state"),
    oldestTask: gauge(
      "tasks_oldest_age_seconds",
      "Age of the oldest task that waits, on all isolates.",
    ),
    taskOutcomes: counter(
      "tasks_outcomes",
      "Tasks that ended, and claims that lapsed.",
      "outcome",
    ),
  };
}

/** All instruments of one registry. */
export type Instruments = ReturnType<typeof createInstruments>;
