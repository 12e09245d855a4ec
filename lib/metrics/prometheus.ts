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
  HUNG_MS,
  type Metrics,
  OTHER_KIND,
  PUBLISH_OUTCOMES,
  REFUSAL_REASONS,
  SEVERAL_KINDS,
} from "../core/metrics.ts";

/** The label of a provider that is not listed. */
const OTHER_PROVIDER = "other";

/** The text of all metrics, for a scrape. */
export interface Exposition {
  readonly contentType: string;
  /** Returns the text, with the figures of this moment. */
  text(): Promise<string>;
}

/** The labels' values, and the source of the figures. */
export interface PrometheusOptions {
  /** A label of every series, because several isolates with separate counters may share one address. */
  readonly isolate: string;
  /** The version in deno.json. */
  readonly version: string;
  readonly store: "memory" | "redis";
  /** The names of providers. Any other name counts as `other`. */
  readonly providers: readonly string[];
  readonly taskOutcomes: readonly string[];
  readonly runOutcomes: readonly string[];
  readonly deprecatedUses: readonly string[];
  /** Lists the metric kinds of the registered topics. */
  readonly topicKinds: () => readonly string[];
  /** Reads the figures for a scrape. */
  readonly figures: () => Figures | Promise<Figures>;
}

/** Creates all instruments in a registry. Counters are named `…_total`. */
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
    hung: gauge("streams_hung", `Open streams blocked for ${HUNG_MS / 1000} s or longer.`, "topic"),
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
    openRuns: gauge("chat_runs_open", "Answers of chats that this isolate produces."),
    runOutcomes: counter("chat_runs", "Ended answers of chats, by outcome.", "outcome"),
  };
}

/** All instruments of one registry. */
type Collectors = ReturnType<typeof createInstruments>;

/** Sets the totals of a counter that is counted elsewhere. */
function setTotals<Label extends string>(
  counter: Counter<Label>,
  totals: readonly (readonly [Partial<Record<Label, string>>, number])[],
): void {
  counter.reset();
  for (const [labels, total] of totals) counter.inc(labels, total);
}

/** Creates the metrics and their text, in a new registry. */
export function createPrometheus(options: PrometheusOptions): Exposition & {
  readonly metrics: Metrics;
} {
  const { isolate, version, store, providers } = options;
  const registry = new Registry();
  registry.setDefaultLabels({ isolate });
  const instruments = createInstruments(registry);
  const breakers = new Map<string, Parameters<Metrics["guarded"]>[1]>();
  instruments.info.set({ version, store }, 1);

  function providerLabel(provider: string): string {
    return providers.includes(provider) ? provider : OTHER_PROVIDER;
  }

  function topicKinds(): readonly string[] {
    return [...options.topicKinds(), SEVERAL_KINDS, OTHER_KIND];
  }

  /** Creates every series that can occur, because a series that appears with its first event has no rate. */
  function addSeries({ opened, closed, refused, published, calls, ...others }: Collectors): void {
    for (const reason of REFUSAL_REASONS) refused.inc({ reason }, 0);
    for (const outcome of options.taskOutcomes) others.taskOutcomes.inc({ outcome }, 0);
    for (const outcome of options.runOutcomes) others.runOutcomes.inc({ outcome }, 0);
    for (const use of options.deprecatedUses) others.deprecated.inc({ use }, 0);
    for (const topic of topicKinds()) {
      opened.inc({ topic }, 0);
      for (const reason of END_REASONS) closed.inc({ topic, reason }, 0);
      for (const outcome of PUBLISH_OUTCOMES) published.inc({ topic, outcome }, 0);
    }
    for (const provider of [...providers, OTHER_PROVIDER]) {
      for (const outcome of CALL_OUTCOMES) calls.inc({ provider, outcome }, 0);
    }
  }

  function setFigures({ streams, slots, store, queue, openRuns }: Figures): void {
    const figuresByTopic = topicKinds().map((topic) => ({ topic, figures: streams.get(topic) }));
    for (const { topic, figures } of figuresByTopic) {
      instruments.streams.set({ topic }, figures?.open ?? 0);
      instruments.lagging.set({ topic }, figures?.lagging ?? 0);
      instruments.hung.set({ topic }, figures?.hung ?? 0);
    }
    setTotals(
      instruments.delivered,
      figuresByTopic.map(({ topic, figures }) => [{ topic }, figures?.delivered ?? 0]),
    );
    setTotals(instruments.storeCommands, [[{}, store.commands]]);
    instruments.storeUp.set(store.isUp ? 1 : 0);
    instruments.slotsInUse.set(slots.inUse);
    instruments.slotsLimit.set(slots.limit);
    for (const [state, count] of Object.entries(queue.counts)) {
      instruments.tasks.set({ state }, count);
    }
    instruments.oldestTask.set(queue.oldestAgeS);
    instruments.openRuns.set(openRuns);
    for (const [provider, readState] of breakers) {
      const currentState = readState();
      for (const state of BREAKER_STATES) {
        instruments.breaker.set({ provider, state }, state === currentState ? 1 : 0);
      }
    }
  }

  return {
    metrics: {
      opened: (topic) => instruments.opened.inc({ topic }),
      closed: (topic, reason) => instruments.closed.inc({ topic, reason }),
      refused: (reason) => instruments.refused.inc({ reason }),
      published: (topic, outcome, events) => instruments.published.inc({ topic, outcome }, events),
      called: (provider, outcome) =>
        instruments.calls.inc({ provider: providerLabel(provider), outcome }),
      deprecated: (use) => instruments.deprecated.inc({ use }),
      guarded: (provider, state) => void breakers.set(providerLabel(provider), state),
      tasked: (outcome) => instruments.taskOutcomes.inc({ outcome }),
      answered: (outcome) => instruments.runOutcomes.inc({ outcome }),
    },
    contentType: registry.contentType,
    async text() {
      const figures = await options.figures();
      addSeries(instruments);
      setFigures(figures);
      return await registry.metrics();
    },
  };
}
