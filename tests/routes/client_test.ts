import { assert, assertEquals } from "@std/assert";
import { createApp } from "../../routes/app.ts";
import { clientRoutes } from "../../routes/client.ts";
import { createAppUnderTest } from "./support.ts";

const CLIENT = new URL("../../lib/client/", import.meta.url);

function readAsset(path: string) {
  return Deno.readFile(new URL(`../${path}`, CLIENT));
}

function createClientRoutes() {
  return clientRoutes({ world: { readAsset } });
}

/** The client's modules as they lie on disk, by the paths they are served at. */
async function modules(): Promise<string[]> {
  const below = await Array.fromAsync(Deno.readDir(new URL("client/", CLIENT)));
  return ["/client.js", "/react.js", ...below.map(({ name }) => `/client/${name}`)].sort();
}

Deno.test("client's modules are all served, to pages of any origin, and known again by their ETag", async () => {
  const app = createClientRoutes();
  for (const path of await modules()) {
    const response = await app.request(path);
    const text = await response.text();
    assertEquals(response.status, 200, path);
    assertEquals(response.headers.get("content-type"), "text/javascript; charset=utf-8");
    assertEquals(response.headers.get("cache-control"), "no-cache");
    const tag = response.headers.get("etag") ?? "";
    const again = await app.request(path, { headers: { "if-none-match": tag } });
    assertEquals([again.status, await again.text()], [304, ""]);
    for (const { headers } of [response, again]) {
      assertEquals(headers.get("access-control-allow-origin"), "*");
      assertEquals(headers.get("cross-origin-resource-policy"), "cross-origin");
      assertEquals(headers.get("x-content-type-options"), "nosniff");
    }

    const imported = [...text.matchAll(/^(?:import|export) .*?"(\.[^"]+)";$/gms)];
    for (const [_, specifier = ""] of imported) {
      const { pathname } = new URL(specifier, `http://x${path}`);
      assert((await modules()).includes(pathname), `${path} imports ${specifier}`);
    }
  }
});

Deno.test("client's modules are exactly those that ship", async () => {
  const served = createClientRoutes().routes.filter(({ method }) => method === "GET");
  assertEquals(served.map(({ path }) => path).sort(), await modules());
});

Deno.test("client's modules may be imported by origins that may not read the streams", async () => {
  await using test = createAppUnderTest({ ALLOWED_ORIGINS: "https://a.example" });
  const origin = "https://b.example";
  const stream = await test.send("/v1/quotes", { headers: { origin } });
  assertEquals(stream.headers.get("access-control-allow-origin"), null);
  const app = createApp({ ...test.services, world: { ...test.services.world, readAsset } });
  const module = await app.request("/client/sharing.js", { headers: { origin } });
  assertEquals(module.status, 200);
  assertEquals(module.headers.get("access-control-allow-origin"), "*");
  assertEquals(module.headers.get("access-control-allow-credentials"), null);
});
