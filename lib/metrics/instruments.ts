/**
 * The instruments: the names, help texts and labels of all metrics.
 *
 * @module
 */
import { Counter, Gauge, type Registry } from "prom-client";

/** Creates all instruments in a registry. A counter's name ends in `total`. */
export function createInstruments(registry: Registry) {
  const registers = [registry];

  function counter<Label extends string>(name: string, help: string, ...labelNames: Label[]) {
    return new Counter({ name: `edgetape_${name}_total`, help, labelNames, registers });
  }

  function gauge<Label extends string>(name: string, help: string, ...labelNames: Label[]) {
    return new Gauge({ name: `edgetape_${name}`, help, labelNames, registers });
  }

  return {
    info: gauge("info", "1, labelled with the version and the store.", "version", "store"),
    streams: gauge("streams", "Open streams.", "topic"),
    lagging: gauge("streams_lagging", "Open streams with pending events.", "topic"),
    hung: gauge("streams_hung", "Open streams blocked for 10 s or longer.", "topic"),
    opened: counter("streams_opened", "Opened streams.", "topic"),
    closed: counter("streams_closed", "Ended streams, by reason.", "topic", "reason"),
    refused: counter("streams_refused", "Refused streams, by reason.", "reason"),
    slotsInUse: gauge(
      "seats_in_use",
      "Slots in use, including those of ended streams whose sockets are not free yet.",
    ),
    slotsLimit: gauge("seats_limit", "Slots of this isolate."),
    delivered: counter("events_delivered", "Events delivered, once per client.", "topic"),
    published: counter("events_published", "Events published, by outcome.", "topic", "outcome"),
    deprecated: counter("deprecated_uses", "Requests that use a deprecated feature.", "use"),
    storeUp: gauge("store_up", "1 while the shared store answers, else 0."),
    storeCommands: counter("store_commands", "Commands sent to Redis, including those in scripts."),
    calls: counter("provider_calls", "Calls to providers, by outcome.", "provider", "outcome"),
    breaker: gauge(
      "provider_breaker",
      "1 for the current state of a provider's circuit breaker, else 0.",
      "provider",
      "state",
    ),
    tasks: gauge("tasks", "Open tasks of all isolates, by state.", "state"),
    oldestTask: gauge(
      "tasks_oldest_age_seconds",
      "Age of the oldest waiting task of all isolates.",
    ),
    taskOutcomes: counter("tasks_outcomes", "Ended tasks and expired claims.", "outcome"),
  };
}

/** All instruments of one registry. */
export type Instruments = ReturnType<typeof createInstruments>;
