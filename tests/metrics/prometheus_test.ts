/** The Prometheus metrics: labels with fixed values, and gauges read on request. */
import { assert, assertEquals } from "@std/assert";
import {
  BREAKER_STATES,
  CALL_OUTCOMES,
  END_REASONS,
  type Figures,
  kindOfStream,
  type Metrics,
  PUBLISH_OUTCOMES,
  REFUSAL_REASONS,
} from "../../lib/core/metrics.ts";
import { figureIn, parseExposition } from "./exposition.ts";
import { createPrometheusUnderTest, NOTHING } from "./support.ts";

const HOSTILE = ["", "third", "__proto__", 'x"} 1\nedgetape_up{a="', "first\\", "x".repeat(9999)];

/** Returns every series of a text, by name and labels. */
function seriesOf(text: string): string[] {
  return [...parseExposition(text).values()].flatMap(({ samples }) =>
    samples.map(({ name, labels }) => JSON.stringify([name, labels]))
  );
}

/** Records every measurement that adds to a counter, with all its labels. */
function recordAll(metrics: Metrics): void {
  for (const reason of REFUSAL_REASONS) metrics.refused(reason);
  for (const topic of ["quotes", "news", "several", "other"]) {
    metrics.opened(topic);
    for (const reason of END_REASONS) metrics.closed(topic, reason);
    for (const outcome of PUBLISH_OUTCOMES) metrics.published(topic, outcome, 2);
  }
  for (const outcome of CALL_OUTCOMES) metrics.called("first", outcome);
  for (const outcome of ["completed", "failed"]) metrics.tasked(outcome);
  for (const outcome of ["done", "too_long"]) metrics.answered(outcome);
  for (const use of ["old_poll"]) metrics.deprecated(use);
}

Deno.test("text() has Prometheus' format, our prefix, counters named total, and the isolate on every series", async () => {
  const families = parseExposition(await createPrometheusUnderTest().text());
  assert(families.size >= 15);
  for (const { name, type, samples } of families.values()) {
    assert(/^edgetape_[a-z]+(?:_[a-z]+)*$/.test(name), name);
    assertEquals(name.endsWith("_total"), type === "counter", name);
    assert(samples.every(({ labels }) => labels.isolate === "here"), name);
  }
});

Deno.test("text() has every series from the start at 0, and measurements add none", async () => {
  const { metrics, text } = createPrometheusUnderTest();
  const before = await text();
  assertEquals(figureIn(before, "streams_closed_total"), 0);
  recordAll(metrics);
  const after = await text();
  assertEquals(seriesOf(after), seriesOf(before));
  for (const reason of END_REASONS) {
    assertEquals(figureIn(after, "streams_closed_total", { topic: "quotes", reason }), 1, reason);
  }
  for (const reason of REFUSAL_REASONS) {
    assertEquals(figureIn(after, "streams_refused_total", { reason }), 1, reason);
  }
  for (const outcome of PUBLISH_OUTCOMES) {
    assertEquals(figureIn(after, "events_published_total", { topic: "news", outcome }), 2, outcome);
  }
  for (const outcome of ["completed", "failed"]) {
    assertEquals(figureIn(after, "tasks_outcomes_total", { outcome }), 1, outcome);
  }
  for (const use of ["old_poll"]) {
    assertEquals(figureIn(after, "deprecated_uses_total", { use }), 1, use);
  }
  for (const outcome of CALL_OUTCOMES) {
    const labels = { provider: "first", outcome };
    assertEquals(figureIn(after, "provider_calls_total", labels), 1, outcome);
  }
});

Deno.test("an unknown provider counts as other, and adds no label value", async () => {
  const { metrics, text } = createPrometheusUnderTest();
  metrics.guarded("second", () => "open");
  metrics.guarded("third", () => "closed");
  const before = seriesOf(await text());
  for (const name of HOSTILE) {
    metrics.called(name, "ok");
    metrics.guarded(name, () => "closed");
  }
  const after = await text();
  assertEquals(seriesOf(after), before);
  const count = figureIn(after, "provider_calls_total", { provider: "other", outcome: "ok" });
  assertEquals(count, HOSTILE.length);
});

Deno.test("kindOfStream() returns the kind of its topics, several, or other without topics", () => {
  const kindOf = (...kinds: string[]) => kindOfStream(kinds.map((metricKind) => ({ metricKind })));
  assertEquals(kindOf("operations", "operations"), "operations");
  assertEquals(kindOf("quotes", "events"), "several");
  assertEquals(kindOf(), "other");
});

Deno.test("the kinds of topics are the registered ones, several and other", async () => {
  const text = await createPrometheusUnderTest({ topicKinds: () => ["a", "b"] }).text();
  const samples = parseExposition(text).get("edgetape_streams")?.samples ?? [];
  assertEquals(samples.map(({ labels }) => labels.topic), ["a", "b", "several", "other"]);
});

Deno.test("text() has the current figures of streams, slots and the store", async () => {
  const figures = { open: 5, lagging: 2, hung: 1, delivered: 40 };
  let now: Figures = {
    streams: new Map([["news", figures] as const]),
    slots: { inUse: 6, limit: 9 },
    store: { isUp: false, commands: 17 },
    queue: { counts: { waiting: 3, claimed: 1, running: 2 }, oldestAgeS: 7.5 },
    openRuns: 4,
  };
  const { text } = createPrometheusUnderTest({ figures: () => now });
  const read = async () => {
    const current = await text();
    return [
      figureIn(current, "streams", { topic: "news" }),
      figureIn(current, "streams_lagging"),
      figureIn(current, "streams_hung"),
      figureIn(current, "events_delivered_total", { topic: "news" }),
      figureIn(current, "seats_in_use"),
      figureIn(current, "seats_limit"),
      figureIn(current, "store_up"),
      figureIn(current, "store_commands_total"),
      ...["waiting", "claimed", "running"].map((state) => figureIn(current, "tasks", { state })),
      figureIn(current, "tasks_oldest_age_seconds"),
      figureIn(current, "chat_runs_open"),
    ];
  };
  assertEquals(await read(), [5, 2, 1, 40, 6, 9, 0, 17, 3, 1, 2, 7.5, 4]);
  const streams = new Map([["news", { ...figures, open: 0, delivered: 41 }] as const]);
  now = { ...NOTHING, streams, slots: now.slots, store: { isUp: true, commands: 19 } };
  assertEquals(await read(), [0, 2, 1, 41, 6, 9, 1, 19, 0, 0, 0, 0, 0]);
});

Deno.test("text() has each circuit breaker in one state at a time", async () => {
  for (const state of BREAKER_STATES) {
    const { metrics, text } = createPrometheusUnderTest();
    metrics.guarded("first", () => state);
    const current = await text();
    const values = BREAKER_STATES.map((label) =>
      figureIn(current, "provider_breaker", { provider: "first", state: label })
    );
    assertEquals(values, BREAKER_STATES.map((label) => label === state ? 1 : 0));
  }
});
