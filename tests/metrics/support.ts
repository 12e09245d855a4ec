/**
 * A hub with its Prometheus metrics and its operator's log.
 *
 * @module
 */
import { createLogger } from "../../lib/core/logger.ts";
import type { Figures } from "../../lib/core/metrics.ts";
import { createHub } from "../../lib/hub/hub.ts";
import { createPrometheus, type PrometheusOptions } from "../../lib/metrics/prometheus.ts";
import type { EventLog } from "../../lib/store/event_log.ts";
import { createMemoryState } from "../../lib/store/memory/backend.ts";
import { type HubUnderTest, settings } from "../hub/support.ts";
import { createManualClock } from "../support/manual_clock.ts";
import { figureIn } from "./exposition.ts";

/** Figures of an unused server. */
export const NOTHING: Figures = {
  streams: new Map(),
  slots: { inUse: 0, limit: 0 },
  store: { isUp: true, commands: 0 },
  queue: { counts: { waiting: 0, claimed: 0, running: 0 }, oldestAgeS: 0 },
  openRuns: 0,
};

/** Creates Prometheus metrics of two providers. */
export function createPrometheusUnderTest(options: Partial<PrometheusOptions> = {}) {
  return createPrometheus({
    isolate: "here",
    version: "0.0.0",
    store: "memory",
    providers: ["first", "second"],
    taskOutcomes: ["completed", "failed"],
    runOutcomes: ["done", "too_long"],
    deprecatedUses: ["old_poll"],
    topicKinds: () => ["quotes", "news", "events"],
    figures: () => NOTHING,
    ...options,
  });
}

/** A hub with metrics. */
export interface MeasuredHub extends HubUnderTest {
  /** Returns the sum of a metric, named without its prefix, over all series with these labels. */
  figure(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** Returns the log lines with this message. */
  logged(message: string): unknown[];
}

/** Creates a hub over a memory log. */
export function createMeasuredHub(
  options: Parameters<typeof settings>[0] = {},
  wrap: (log: EventLog) => EventLog = (log) => log,
): MeasuredHub {
  const clock = createManualClock();
  const lines: string[] = [];
  const state = createMemoryState({ clock, random: () => 0.5 }, settings(options));
  const log = wrap(state.log);
  const prometheus = createPrometheusUnderTest({
    figures: () => ({ ...NOTHING, streams: hub.streams() }),
  });
  const { metrics } = prometheus;
  const runtime = { clock, random: () => 0.5, metrics, log: createLogger("debug", clock, write) };
  const hub = createHub(runtime, { ...state, log }, settings(options));

  function write(line: string): void {
    lines.push(line);
  }

  return {
    clock,
    log,
    hub,
    lines,
    async figure(name, labels) {
      return figureIn(await prometheus.text(), name, labels);
    },
    logged: (message) =>
      lines.map((line) => JSON.parse(line)).filter((line) => line.message === message),
    [Symbol.asyncDispose]: () => hub.close(),
  };
}
