/** The alert rules, the dashboard and the guide name existing metrics only. */
import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { createAppUnderTest } from "../routes/support.ts";
import { type MetricFamily, parseExposition } from "./exposition.ts";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));

/** Returns the metrics of a new server. They contain every series, since all labels are known at the start. */
async function families(): Promise<ReadonlyMap<string, MetricFamily>> {
  await using test = createAppUnderTest();
  return parseExposition(await (await test.send("/metrics")).text());
}

/** Returns unknown metrics and labels in an expression. */
function unknownMetrics(text: string, known: ReadonlyMap<string, MetricFamily>): string[] {
  const selectors = text.matchAll(/\b(edgetape_\w+)(?:\{([^}]*)\})?/g);
  return [...selectors].flatMap(([, name = "", selector = ""]) => {
    const family = known.get(name);
    if (!family) return [`${name} is not measured`];
    return [...selector.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)].flatMap(
      ([whole, label = "", _operator, value = ""]) => {
        const values = new Set(family.samples.map(({ labels }) => labels[label]));
        return value.split("|").every((alternative) => values.has(alternative))
          ? []
          : [`${name} has no ${whole}`];
      },
    );
  });
}

/** Parses the rules of the alert file: one field per line, and folded scalars. Prometheus accepts more YAML. */
function rules(yaml: string): Record<string, string>[] {
  return yaml.split(/^ {6}- (?=alert:)/m).slice(1).map((block) => {
    const joined = block.replaceAll(
      />-\n((?: {10}.*\n)+)/g,
      (_, lines: string) => `${lines.trim().replaceAll(/\n\s*/g, " ")}\n`,
    );
    const fields = joined.matchAll(/^ *(\w+): (.+)$/gm);
    return Object.fromEntries([...fields].map(([, name = "", value = ""]) => [name, value]));
  });
}

Deno.test("unknownMetrics() returns unknown metrics and labels", async () => {
  const known = await families();
  assertEquals(unknownMetrics('rate(edgetape_nothing[1m]) + edgetape_streams{topic="x"}', known), [
    "edgetape_nothing is not measured",
    'edgetape_streams has no topic="x"',
  ]);
  assertEquals(
    unknownMetrics('edgetape_streams_closed_total{reason=~"slow|tired"}', known).length,
    1,
  );
});

Deno.test("alerts.yml: every rule has its texts and severity, and names existing metrics", async () => {
  const known = await families();
  const alertRules = rules(await read("lib/metrics/alerts.yml"));
  assert(alertRules.length >= 10);
  assertEquals(new Set(alertRules.map(({ alert }) => alert)).size, alertRules.length);
  for (const { alert = "", expr = "", labels = "", summary = "", description = "" } of alertRules) {
    assert(/^Edgetape[A-Z]\w+$/.test(alert), alert);
    assert(/^\{ severity: (?:critical|warning) \}$/.test(labels), alert);
    assert(summary !== "" && description !== "", alert);
    assert(expr.includes("edgetape_") || alert === "EdgetapeDown", alert);
    assertEquals(unknownMetrics(expr, known), [], alert);
  }
});

const Dashboard = z.object({
  title: z.literal("Edgetape"),
  uid: z.string(),
  panels: z.array(z.object({
    id: z.int(),
    type: z.enum(["stat", "timeseries"]),
    title: z.string().min(1),
    description: z.string().min(1),
    gridPos: z.object({ x: z.int(), y: z.int(), w: z.int().positive(), h: z.int().positive() }),
    targets: z.array(z.object({ refId: z.string(), expr: z.string().min(1) })).min(1),
  })).min(1),
});

Deno.test("dashboard.json: every panel uses metrics that exist, and every metric has a panel", async () => {
  const known = await families();
  const { panels } = Dashboard.parse(JSON.parse(await read("lib/metrics/dashboard.json")));
  assertEquals(new Set(panels.map(({ id }) => id)).size, panels.length);
  const shown = new Set<string>();
  for (const { title, gridPos: { x, w }, targets } of panels) {
    assert(x + w <= 24, title);
    assertEquals(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
    for (const { expr } of targets) {
      assertEquals(unknownMetrics(expr, known), [], title);
      for (const [name] of expr.matchAll(/edgetape_\w+/g)) shown.add(name);
    }
  }
  assertEquals([...shown].sort(), [...known.keys()].sort());
});

Deno.test("watch.md names every metric and every alert rule, and no others", async () => {
  const known = await families();
  const guide = await read("lib/docs/watch.md");
  const metrics = new Set([...guide.matchAll(/\bedgetape_\w+/g)].map(([name]) => name));
  assertEquals([...metrics].sort(), [...known.keys()].sort());
  const alerts = new Set([...guide.matchAll(/\bEdgetape[A-Z]\w+/g)].map(([name]) => name));
  const named = rules(await read("lib/metrics/alerts.yml")).map(({ alert }) => alert ?? "");
  assertEquals([...alerts].sort(), named.sort());
});
