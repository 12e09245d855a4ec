import { assert, assertEquals } from "@std/assert";
import { createApp } from "../../routes/app.ts";
import { clientRoutes } from "../../routes/client.ts";
import { createAppUnderTest, requesterOf } from "./support.ts";

const CLIENT = new URL("../../lib/client/", import.meta.url);
const MODULES = [
  "/client.js",
  "/react.js",
  "/badge.js",
  "/ticker.js",
  "/client/chat.js",
  "/client/history.js",
  "/client/model.js",
  "/client/post.js",
];

/** The size that each module must stay below, compressed with brotli. */
const MAX_MODULE_BYTES = { "/client.js": 8192, "/client/chat.js": 5632 };

function readAsset(path: string) {
  return Deno.readFile(new URL(`../${path}`, CLIENT));
}

function createClientRoutes() {
  return clientRoutes({ runtime: { readAsset } });
}

Deno.test("GET of a client module is allowed to pages of any origin, and answers 304 to its ETag", async () => {
  const app = createClientRoutes();
  for (const path of MODULES) {
    const response = await app.request(path);
    await response.body?.cancel();
    assertEquals(response.status, 200, path);
    assertEquals(response.headers.get("content-type"), "text/javascript; charset=utf-8");
    assertEquals(response.headers.get("cache-control"), "no-cache");
    assertEquals(response.headers.get("vary"), "accept-encoding");
    const etag = response.headers.get("etag") ?? "";
    const again = await app.request(path, { headers: { "if-none-match": etag } });
    assertEquals([again.status, await again.text()], [304, ""]);
    for (const { headers } of [response, again]) {
      assertEquals(headers.get("access-control-allow-origin"), "*");
      assertEquals(headers.get("cross-origin-resource-policy"), "cross-origin");
      assertEquals(headers.get("x-content-type-options"), "nosniff");
    }
  }
});

Deno.test("client.js is one module with all its dependencies, and parses", async () => {
  const text = await (await createClientRoutes().request("/client.js")).text();
  assertEquals(text.match(/^import /m), null);
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const module = await import(url);
  URL.revokeObjectURL(url);
  assertEquals(Object.keys(module).sort(), ["browserWorld", "connect"]);
});

for (const [path, maxBytes] of Object.entries(MAX_MODULE_BYTES)) {
  Deno.test(`${path} has less than ${maxBytes} bytes in brotli, and the same text in every encoding`, async () => {
    const app = createClientRoutes();
    const plain = await (await app.request(path)).text();
    for (const encoding of ["br", "gzip"] as const) {
      const headers = { "accept-encoding": `deflate, ${encoding}` };
      const response = await app.request(path, { headers });
      assertEquals(response.headers.get("content-encoding"), encoding);
      const bytes = await response.bytes();
      if (encoding === "br") assert(bytes.length < maxBytes, `${bytes.length} bytes`);
      const decompressed = new Response(bytes).body?.pipeThrough(
        new DecompressionStream(encoding === "br" ? "brotli" : encoding),
      );
      assertEquals(await new Response(decompressed ?? null).text(), plain);
    }
  });
}

Deno.test("GET of a client module is allowed to origins that may not read the streams", async () => {
  await using test = createAppUnderTest({ ALLOWED_ORIGINS: "https://a.example" });
  const origin = "https://b.example";
  const stream = await test.send("/v1/quotes", { headers: { origin } });
  assertEquals(stream.headers.get("access-control-allow-origin"), null);
  const { runtime } = test.services;
  const app = requesterOf(createApp({ ...test.services, runtime: { ...runtime, readAsset } }));
  const module = await app.request("/client.js", { headers: { origin } });
  assertEquals(module.status, 200);
  assertEquals(module.headers.get("access-control-allow-origin"), "*");
  assertEquals(module.headers.get("access-control-allow-credentials"), null);
});
