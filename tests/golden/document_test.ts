/**
 * The API's document, the metrics and the settings.
 *
 * @module
 */
import { readConfig, scene, SETTINGS } from "./app.ts";
import { assertGolden } from "./golden.ts";

/** Sorts the fields of objects, at any depth. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(fields.map(([name, each]) => [name, sorted(each)]));
}

Deno.test("GET /openapi.json answers the recorded document", async () => {
  let document = "";
  await scene("openapi", async (app) => {
    const { text } = await app.send("GET", "/openapi.json");
    document = JSON.stringify(sorted(JSON.parse(text)), null, 2);
  });
  await assertGolden("openapi.json", `${document}\n`);
});

Deno.test("GET /openapi.json lists the recorded routes, in the demo and outside it", async () => {
  const lists: string[] = [];
  for (const DEMO of ["1", "0"]) {
    await scene("routes", async (app) => {
      const { text } = await app.send("GET", "/openapi.json");
      const { paths } = JSON.parse(text);
      const routes = Object.keys(paths).flatMap((path) =>
        Object.keys(paths[path]).map((method) => `${method.toUpperCase()} ${path}`)
      );
      lists.push(`== DEMO=${DEMO}`, ...routes.sort());
    }, { env: { DEMO } });
  }
  await assertGolden("routes.txt", `${lists.join("\n")}\n`);
});

/** Returns the names, types, help texts and labels of an exposition, without values. */
function metricsIn(exposition: string): string {
  const lines: string[] = [];
  const labels = new Map<string, Set<string>>();
  function flush(): void {
    for (const [label, values] of labels) lines.push(`  ${label}: ${[...values].join(", ")}`);
    labels.clear();
  }
  for (const line of exposition.split("\n")) {
    if (line.startsWith("#")) {
      if (line.startsWith("# HELP")) flush();
      lines.push(line);
    }
    for (const [_, label = "", value = ""] of line.matchAll(/[{,](\w+)="([^"]*)"/g)) {
      if (line.startsWith("#")) continue;
      const values = labels.get(label) ?? new Set();
      labels.set(label, values.add(label === "isolate" ? "<isolate>" : value));
    }
  }
  flush();
  return lines.join("\n");
}

Deno.test("GET /metrics names the recorded metrics, with their types, help texts and labels", async () => {
  let metrics = "";
  await scene("metrics", async (app) => {
    await app.send("GET", "/v1/quotes", { takesMs: 1000 });
    await app.open("/v1/events/alerts/stream");
    metrics = metricsIn((await app.send("GET", "/metrics")).text);
  });
  await assertGolden("metrics.txt", `${metrics}\n`);
});

/** Returns the error of refused settings. */
function refusalOf(env: Readonly<Record<string, string>>): string {
  try {
    readConfig(env);
    return "(it starts)";
  } catch (thrown) {
    return String(thrown);
  }
}

Deno.test("the settings have the recorded names, defaults and descriptions", async () => {
  const defaults = new Map<string, unknown>(Object.entries(readConfig({})));
  const names = Object.keys(SETTINGS.shape);
  const settings = Object.entries(SETTINGS.shape).map(([name, { description }]) =>
    `${name} = ${JSON.stringify(defaults.get(name)) ?? "(not set)"}\n  takes ${description}`
  );
  const url = { UPSTASH_REDIS_REST_URL: "https://redis.example" };
  const token = { UPSTASH_REDIS_REST_TOKEN: "secret-token" };
  const polls = { QUOTE_POLL_MS: "500", QUOTE_TTL_MS: "600", NEWS_POLL_MS: "700" };
  await assertGolden(
    "settings.txt",
    [
      "== all settings",
      ...settings,
      "== a start with every setting bad",
      refusalOf(Object.fromEntries(names.map((name) => [name, "é "]))),
      "== a start with settings that contradict each other",
      refusalOf(polls),
      refusalOf(url),
      refusalOf(token),
      "",
    ].join("\n"),
  );
});
