import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { createRoutes } from "../../routes/app.ts";
import { createAppUnderTest, TOKEN } from "./support.ts";

const Content = z.record(z.string(), z.looseObject({ itemSchema: z.unknown().optional() }));

const Operation = z.looseObject({
  summary: z.string().min(1),
  operationId: z.string().optional(),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.string() })).default([]),
  responses: z.record(
    z.string(),
    z.looseObject({ description: z.string().min(1), content: Content.optional() }),
  ),
});

const Document = z.looseObject({
  openapi: z.string(),
  info: z.looseObject({ title: z.string(), version: z.string() }),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
});

async function read() {
  await using test = createAppUnderTest();
  const response = await test.send("/openapi.json");
  assertEquals([response.status, response.headers.get("content-type")], [200, "application/json"]);
  const whole: unknown = await response.json();
  const { paths, openapi, info } = Document.parse(whole);
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
    }))
  );
  return { whole, openapi, info, operations, app: createRoutes(test.services) };
}

/** Returns all strings under a key, anywhere in a document. */
function allOf(key: string, value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) =>
    name === key && typeof each === "string" ? [each] : allOf(key, each)
  );
}

/** Resolves a reference of a document, undefined without a target. */
function resolve(document: unknown, ref: string): unknown {
  return ref.split("/").slice(1).reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined,
    document,
  );
}

Deno.test("GET /openapi.json is OpenAPI 3.2 of this version", async () => {
  const { openapi, info } = await read();
  assertEquals([openapi, info.title, info.version], ["3.2.0", "Edgetape", "0.0.0"]);
});

Deno.test("GET /openapi.json names every route of the app once", async () => {
  const { app, operations } = await read();
  const served = app.routes.filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
  assertEquals(operations.map(({ name }) => name).sort(), [...new Set(served)].sort());

  const declared = app.openAPIRegistry.definitions.flatMap((each) =>
    each.type === "route" ? [`${each.route.method} ${each.route.path}`] : []
  );
  assertEquals(declared.length, operations.length);
  const ids = operations.flatMap(({ operation: { operationId } }) => operationId ?? []);
  assertEquals(new Set(ids).size, ids.length);
});

Deno.test("GET /openapi.json names every parameter of a path, and none twice", async () => {
  for (const { name, operation } of (await read()).operations) {
    const all = operation.parameters.map((each) => `${each.in} ${each.name}`);
    assertEquals(new Set(all).size, all.length, name);
    const inPath = [...name.matchAll(/{(\w+)}/g)].map(([_, param]) => `path ${param}`);
    assertEquals(all.filter((each) => each.startsWith("path ")), inPath, name);
  }
});

Deno.test("GET /openapi.json describes the frames of every stream", async () => {
  const { operations, whole } = await read();
  const streams = operations.filter(({ name, operation: { responses } }) =>
    name.endsWith("/stream") || "text/event-stream" in (responses["200"]?.content ?? {})
  );
  assert(streams.length > 5);
  for (const { name, operation: { responses } } of streams) {
    const { itemSchema } = responses["200"]?.content?.["text/event-stream"] ?? {};
    const { $ref } = z.object({ $ref: z.string() }).parse(itemSchema);
    const { properties } = z.object({ properties: z.record(z.string(), z.unknown()) }).parse(
      resolve(whole, $ref),
    );
    assertEquals(Object.keys(properties).sort(), ["data", "event", "id", "retry"], name);
  }
});

Deno.test("GET /openapi.json contains every target of its references", async () => {
  const { whole } = await read();
  const refs = allOf("$ref", whole);
  assert(refs.length > 20);
  for (const ref of refs) {
    assert(ref.startsWith("#/") && resolve(whole, ref) !== undefined, ref);
  }
});

Deno.test("GET /openapi.json declares every refusal as a problem", async () => {
  for (const { name, operation: { responses } } of (await read()).operations) {
    for (const [status, { content = {} }] of Object.entries(responses)) {
      if (status < "400") continue;
      assertEquals(Object.keys(content), ["application/problem+json"], `${name} ${status}`);
    }
  }
});

const OF_PUBLISHER = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };

/** The refusals that some routes document. */
const REFUSED: readonly (readonly [what: string, url: string, RequestInit])[] = [
  ["without a token", "", {}],
  ["with a token in its URL", "?token=x", { headers: OF_PUBLISHER }],
  ["with a bad parameter", "?max_rate=x", { headers: OF_PUBLISHER }],
  ["without a body", "", { headers: OF_PUBLISHER }],
  ["with a body that is not JSON", "", { headers: OF_PUBLISHER, body: "{" }],
  ["with too large a body", "", { headers: OF_PUBLISHER, body: "x".repeat(1_000_000) }],
];

Deno.test("GET /openapi.json documents the refusals of every route, except of those that wait for a provider", async () => {
  const { operations } = await read();
  await using test = createAppUnderTest();
  const asked = operations.filter(({ name }) => / \/v1\/(?!quotes|news$)/.test(name));
  assert(asked.length > 20);
  for (const { name, operation: { responses } } of asked) {
    const [method = "", path = ""] = name.split(" ");
    for (const [what, query, { body = null, ...init }] of REFUSED) {
      if (method === "GET" && body !== null) continue;
      const url = path.replaceAll(/{\w+}/g, "none") + query;
      const response = await test.send(url, { ...init, method, body });
      await response.body?.cancel();
      assert(String(response.status) in responses, `${name} ${what}: ${response.status}`);
    }
  }
});
