/**
 * The Prometheus implementation of `core/metrics.ts`.
 *
 * @module
 */
import { Counter, Gauge, Registry } from "prom-client";
import {
  BREAKER_STATES,
  CALL_OUTCOMES,
  END_REASONS,
  type Figures,
  type Metrics,
  OTHER_KIND,
  PUBLISH_OUTCOMES,
  REFUSAL_REASONS,
  SEVERAL_KINDS,
} from "../core/metrics.ts";

/** The label of a provider that is not listed. */
const OTHER_PROVIDER = "other";

/** The text of all metrics. */
export interface Exposition {
  readonly contentType: string;
  /** Writes the text, with the figures of this moment. */
  text(): Promise<string>;
}

/** The labels' values, and the source of the figures. */
export interface PrometheusOptions {
  /** A label of every series: several isolates may answer at one address, each with its own counters. */
  readonly isolate: string;
  /** The version in deno.json. */
  readonly version: string;
  readonly store: "memory" | "redis";
  /** The names of providers. Any other name counts as `other`. */
  readonly providers: readonly string[];
  readonly taskOutcomes: readonly string[];
  readonly deprecatedUses: readonly string[];
  /** Lists the metric kinds of the registered topics. */
  readonly topicKinds: () => readonly string[];
  /** Reads the figures for a text. */
  readonly figures: () => Figures | Promise<Figures>;
}

/** Creates all instruments in a registry. A counter's name ends in `total`. */
function createInstruments(registry: Registry) {
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
type Instruments = ReturnType<typeof createInstruments>;

/** Sets a counter whose totals are counted elsewhere. */
function setTotals<Label extends string>(
  counter: Counter<Label>,
  totals: readonly (readonly [Partial<Record<Label, string>>, number])[],
): void {
  counter.reset();
  for (const [labels, total] of totals) counter.inc(labels, total);
}

/** Creates the metrics and their text, in a registry of their own. */
export function createPrometheus(options: PrometheusOptions): Exposition & {
  readonly metrics: Metrics;
} {
  const { isolate, version, store, providers } = options;
  const registry = new Registry();
  registry.setDefaultLabels({ isolate });
  const all = createInstruments(registry);
  const breakers = new Map<string, Parameters<Metrics["guarded"]>[1]>();
  all.info.set({ version, store }, 1);

  function providerLabel(provider: string): string {
    return providers.includes(provider) ? provider : OTHER_PROVIDER;
  }

  function topicKinds(): readonly string[] {
    return [...options.topicKinds(), SEVERAL_KINDS, OTHER_KIND];
  }

  /** Creates every series that can occur: a series that appears with its first event has no rate. */
  function addSeries({ opened, closed, refused, published, calls, ...more }: Instruments): void {
    for (const reason of REFUSAL_REASONS) refused.inc({ reason }, 0);
    for (const outcome of options.taskOutcomes) more.taskOutcomes.inc({ outcome }, 0);
    for (const use of options.deprecatedUses) more.deprecated.inc({ use }, 0);
    for (const topic of topicKinds()) {
      opened.inc({ topic }, 0);
      for (const reason of END_REASONS) closed.inc({ topic, reason }, 0);
      for (const outcome of PUBLISH_OUTCOMES) published.inc({ topic, outcome }, 0);
    }
    for (const provider of [...providers, OTHER_PROVIDER]) {
      for (const outcome of CALL_OUTCOMES) calls.inc({ provider, outcome }, 0);
    }
  }

  function setFigures({ streams, slots, store, queue }: Figures): void {
    const each = topicKinds().map((topic) => ({ topic, of: streams.get(topic) }));
    for (const { topic, of } of each) {
      all.streams.set({ topic }, of?.open ?? 0);
      all.lagging.set({ topic }, of?.lagging ?? 0);
      all.hung.set({ topic }, of?.hung ?? 0);
    }
    setTotals(all.delivered, each.map(({ topic, of }) => [{ topic }, of?.delivered ?? 0]));
    setTotals(all.storeCommands, [[{}, store.commands]]);
    all.storeUp.set(store.isUp ? 1 : 0);
    all.slotsInUse.set(slots.inUse);
    all.slotsLimit.set(slots.limit);
    for (const [state, count] of Object.entries(queue.counts)) all.tasks.set({ state }, count);
    all.oldestTask.set(queue.oldestAgeS);
    for (const [provider, stateNow] of breakers) {
      const now = stateNow();
      for (const state of BREAKER_STATES) {
        all.breaker.set({ provider, state }, state === now ? 1 : 0);
      }
    }
  }

  return {
    metrics: {
      opened: (topic) => all.opened.inc({ topic }),
      closed: (topic, reason) => all.closed.inc({ topic, reason }),
      refused: (reason) => all.refused.inc({ reason }),
      published: (topic, outcome, events) => all.published.inc({ topic, outcome }, events),
      called: (provider, outcome) => all.calls.inc({ provider: providerLabel(provider), outcome }),
      deprecated: (use) => all.deprecated.inc({ use }),
      guarded: (provider, state) => void breakers.set(providerLabel(provider), state),
      tasked: (outcome) => all.taskOutcomes.inc({ outcome }),
    },
    contentType: registry.contentType,
    async text() {
      const figures = await options.figures();
      addSeries(all);
      setFigures(figures);
      return await registry.metrics();
    },
  };
}
