import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createRouter } from "../../lib/http/route.ts";
import { docsRoutes } from "../../routes/docs.ts";
import { createAppUnderTest } from "./support.ts";

const LIB = new URL("../../lib/", import.meta.url);

function createDocsRoutes() {
  const readAsset = (path: string) => Deno.readFile(new URL(path, LIB));
  return docsRoutes({ version: "0.0.0", runtime: { readAsset } }, createRouter());
}

async function guideNames(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(new URL("docs/", LIB))) names.push(name.slice(0, -3));
  return names.sort();
}

Deno.test("GET /docs lists every guide, and each is a page", async () => {
  const app = createDocsRoutes();
  const text = await (await app.request("/docs")).text();
  for (const name of await guideNames()) {
    if (name !== "index") assertStringIncludes(text, `href="/docs/${name}"`);
    const response = await app.request(`/docs/${name}`);
    assertEquals(response.status, 200, name);
    assertEquals(response.headers.get("content-type"), "text/html; charset=utf-8");
    assert(/<title>[^<]+ · Edgetape<\/title>/.test(await response.text()), name);
  }
});

Deno.test("every link between guides leads to a page, and to a heading of it", async () => {
  const app = createDocsRoutes();
  const pages = new Map<string, string>();
  for (const name of await guideNames()) {
    pages.set(`/docs/${name}`, await (await app.request(`/docs/${name}`)).text());
  }
  pages.set("/docs", pages.get("/docs/index") ?? "");
  for (const [from, text] of pages) {
    for (const [, href = ""] of text.matchAll(/<a href="([^"]*)"/g)) {
      if (/^https:/.test(href) || ["/", "/openapi.json"].includes(href)) continue;
      const [path = "", anchor] = href.split("#");
      const page = pages.get(path === "" ? from : path);
      assert(page !== undefined, `${from}: ${href}`);
      assert(anchor === undefined || page.includes(` id="${anchor}"`), `${from}: ${href}`);
    }
  }
});

Deno.test("GET /docs/{guide} answers 404 only to an unknown name: a fault of the server is a fault", async () => {
  const fault = new Error("the disk failed");
  const runtime = { readAsset: () => Promise.reject(fault) };
  const app = docsRoutes({ version: "0.0.0", runtime }, createRouter());
  const faults: Error[] = [];
  app.onError((thrown) => {
    faults.push(thrown);
    return new Response(null, { status: 500 });
  });
  assertEquals((await app.request("/docs/stream")).status, 500);
  assertEquals(faults, [fault]);
});

Deno.test("GET /docs/{guide} has a strict security policy, and answers 304 to its ETag", async () => {
  const app = createDocsRoutes();
  for (const path of ["/docs", "/docs/stream", "/page/docs.css"]) {
    const response = await app.request(path);
    await response.body?.cancel();
    const { headers } = response;
    assertStringIncludes(headers.get("content-security-policy") ?? "", "default-src 'none'");
    assertEquals(headers.get("cache-control"), "no-cache");
    const etag = headers.get("etag") ?? "";
    const again = await app.request(path, { headers: { "if-none-match": etag } });
    assertEquals([again.status, await again.text()], [304, ""]);
  }
});

Deno.test("GET /docs/{guide} answers 404 for a name without a guide", async () => {
  await using test = createAppUnderTest();
  for (const name of ["nothing", "..%2FREADME", "stream.md", "%00"]) {
    const response = await test.send(`/docs/${name}`);
    assertEquals([response.status, (await response.json()).code], [404, "unknown_guide"], name);
  }
});
