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

/** Reads the document, with its operations by name. */
async function readDocument() {
  await using test = createAppUnderTest();
  const response = await test.send("/openapi.json");
  assertEquals([response.status, response.headers.get("content-type")], [200, "application/json"]);
  const document: unknown = await response.json();
  const { paths, openapi, info } = Document.parse(document);
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
    }))
  );
  return { document, openapi, info, operations, app: createRoutes(test.services) };
}

/** Collects all strings under a key, anywhere in a document. */
function collectStrings(key: string, node: unknown): string[] {
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([name, child]) =>
    name === key && typeof child === "string" ? [child] : collectStrings(key, child)
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
  const { openapi, info } = await readDocument();
  assertEquals([openapi, info.title, info.version], ["3.2.0", "Edgetape", "0.0.0"]);
});

Deno.test("GET /openapi.json names every route of the app once", async () => {
  const { app, operations } = await readDocument();
  const served = app.routes.filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
  assertEquals(operations.map(({ name }) => name).sort(), [...new Set(served)].sort());

  const declared = app.openAPIRegistry.definitions.flatMap((definition) =>
    definition.type === "route" ? [`${definition.route.method} ${definition.route.path}`] : []
  );
  assertEquals(declared.length, operations.length);
  const ids = operations.flatMap(({ operation: { operationId } }) => operationId ?? []);
  assertEquals(new Set(ids).size, ids.length);
});

Deno.test("GET /openapi.json names every parameter of a path, and none twice", async () => {
  for (const { name, operation } of (await readDocument()).operations) {
    const parameters = operation.parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
    assertEquals(new Set(parameters).size, parameters.length, name);
    const inPath = [...name.matchAll(/{(\w+)}/g)].map(([_, param]) => `path ${param}`);
    assertEquals(parameters.filter((parameter) => parameter.startsWith("path ")), inPath, name);
  }
});

Deno.test("GET /openapi.json describes the frames of every stream", async () => {
  const { operations, document } = await readDocument();
  const streams = operations.filter(({ name, operation: { responses } }) =>
    name.endsWith("/stream") || "text/event-stream" in (responses["200"]?.content ?? {})
  );
  assert(streams.length > 5);
  for (const { name, operation: { responses } } of streams) {
    const { itemSchema } = responses["200"]?.content?.["text/event-stream"] ?? {};
    const { $ref } = z.object({ $ref: z.string() }).parse(itemSchema);
    const { properties } = z.object({ properties: z.record(z.string(), z.unknown()) }).parse(
      resolve(document, $ref),
    );
    assertEquals(Object.keys(properties).sort(), ["data", "event", "id", "retry"], name);
  }
});

Deno.test("GET /openapi.json contains every target of its references", async () => {
  const { document } = await readDocument();
  const refs = collectStrings("$ref", document);
  assert(refs.length > 20);
  for (const ref of refs) {
    assert(ref.startsWith("#/") && resolve(document, ref) !== undefined, ref);
  }
});

Deno.test("GET /openapi.json declares every refusal as a problem", async () => {
  for (const { name, operation: { responses } } of (await readDocument()).operations) {
    for (const [status, { content = {} }] of Object.entries(responses)) {
      if (status < "400") continue;
      assertEquals(Object.keys(content), ["application/problem+json"], `${name} ${status}`);
    }
  }
});

const PUBLISHER_HEADERS = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };

/** Requests that many routes refuse. */
const REFUSED_REQUESTS: readonly (readonly [description: string, url: string, RequestInit])[] = [
  ["without a token", "", {}],
  ["with a token in its URL", "?token=x", { headers: PUBLISHER_HEADERS }],
  ["with a bad parameter", "?max_rate=x", { headers: PUBLISHER_HEADERS }],
  ["without a body", "", { headers: PUBLISHER_HEADERS }],
  ["with a body that is not JSON", "", { headers: PUBLISHER_HEADERS, body: "{" }],
  ["with too large a body", "", { headers: PUBLISHER_HEADERS, body: "x".repeat(1_000_000) }],
];

Deno.test("GET /openapi.json documents the refusals of every route, except of those that wait for a provider", async () => {
  const { operations } = await readDocument();
  await using test = createAppUnderTest();
  const refusing = operations.filter(({ name }) => / \/v1\/(?!quotes|news$)/.test(name));
  assert(refusing.length > 20);
  for (const { name, operation: { responses } } of refusing) {
    const [method = "", path = ""] = name.split(" ");
    for (const [description, query, { body = null, ...init }] of REFUSED_REQUESTS) {
      if (method === "GET" && body !== null) continue;
      const url = path.replaceAll(/{\w+}/g, "none") + query;
      const response = await test.send(url, { ...init, method, body });
      await response.body?.cancel();
      assert(String(response.status) in responses, `${name} ${description}: ${response.status}`);
    }
  }
});
