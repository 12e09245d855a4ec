/**
 * The twin of `core/metrics.ts` that Prometheus reads.
 *
 * @module
 */
import { type Counter, Registry } from "prom-client";
import {
  BREAKER_STATES,
  CALL_OUTCOMES,
  DEPRECATED_USES,
  END_REASONS,
  type Figures,
  type Metrics,
  OTHER_KIND,
  PUBLISH_OUTCOMES,
  REFUSAL_REASONS,
  SEVERAL_KINDS,
  TASK_OUTCOMES,
  TASK_STATES,
} from "../core/metrics.ts";
import { createInstruments, type Instruments } from "./instruments.ts";

/** Who calls a provider that is none of those that are known. */
const OTHER = "other";

/** What is measured, as text. */
export interface Exposition {
  readonly contentType: string;
  /** Everything, as it is now. */
  text(): Promise<string>;
}

/** What is measured, and of whom. */
export interface PrometheusOptions {
  /** A label of everything: behind one address there may be several isolates, each with counts of its own. */
  readonly isolate: string;
  /** As in deno.json. */
  readonly version: string;
  readonly store: "memory" | "redis";
  /** The names that become labels. Others count as `other`. */
  readonly providers: readonly string[];
  /** The metric kinds of the registered topics. */
  readonly topicKinds: readonly string[];
  /** What is looked at when somebody asks. */
  readonly figures: () => Figures | Promise<Figures>;
}

/** Every series there will ever be is there from the start: what appears with its first event has no rate. */
function beginAtZero(
  all: Instruments,
  providers: readonly string[],
  kinds: readonly string[],
): void {
  for (const reason of REFUSAL_REASONS) all.refused.inc({ reason }, 0);
  for (const outcome of TASK_OUTCOMES) all.taskOutcomes.inc({ outcome }, 0);
  for (const topic of kinds) {
    all.opened.inc({ topic }, 0);
    for (const reason of END_REASONS) all.closed.inc({ topic, reason }, 0);
    for (const outcome of PUBLISH_OUTCOMES) all.published.inc({ topic, outcome }, 0);
  }
  for (const use of DEPRECATED_USES) all.deprecated.inc({ use }, 0);
  for (const provider of providers) {
    for (const outcome of CALL_OUTCOMES) all.calls.inc({ provider, outcome }, 0);
  }
}

/** A total that is known as a whole. */
function settle<Label extends string>(
  counter: Counter<Label>,
  totals: readonly (readonly [Partial<Record<Label, string>>, number])[],
): void {
  counter.reset();
  for (const [labels, total] of totals) counter.inc(labels, total);
}

/** Creates metrics, and the text of them, in a registry of their own. */
export function createPrometheus(
  { isolate, version, store, providers, topicKinds, figures }: PrometheusOptions,
): Exposition & { readonly metrics: Metrics } {
  const registry = new Registry();
  registry.setDefaultLabels({ isolate });
  const all = createInstruments(registry);
  const known = [...providers, OTHER];
  const kinds = [...topicKinds, SEVERAL_KINDS, OTHER_KIND];
  const breakers = new Map<string, Parameters<Metrics["guarded"]>[1]>();
  all.info.set({ version, store }, 1);
  beginAtZero(all, known, kinds);

  function named(provider: string): string {
    return providers.includes(provider) ? provider : OTHER;
  }

  function look({ streams, slots, store, queue }: Figures): void {
    const each = kinds.map((topic) => ({ topic, of: streams.get(topic) }));
    for (const { topic, of } of each) {
      all.streams.set({ topic }, of?.open ?? 0);
      all.lagging.set({ topic }, of?.lagging ?? 0);
      all.hung.set({ topic }, of?.hung ?? 0);
    }
    settle(all.delivered, each.map(({ topic, of }) => [{ topic }, of?.delivered ?? 0]));
    settle(all.storeCommands, [[{}, store.commands]]);
    all.storeUp.set(store.isUp ? 1 : 0);
    all.seatsInUse.set(slots.inUse);
    all.seatsLimit.set(slots.limit);
    for (const state of TASK_STATES) all.tasks.set({ state }, queue.counts[state]);
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
      called: (provider, outcome) => all.calls.inc({ provider: named(provider), outcome }),
      deprecated: (use) => all.deprecated.inc({ use }),
      guarded: (provider, state) => void breakers.set(named(provider), state),
      tasked: (outcome) => all.taskOutcomes.inc({ outcome }),
    },
    contentType: registry.contentType,
    async text() {
      look(await figures());
      return await registry.metrics();
    },
  };
}
