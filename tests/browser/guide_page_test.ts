/** The guide's example of a page on another origin. */
import { assertEquals } from "@std/assert";
import { blocksOf } from "../support/guides.ts";
import { startServer } from "../support/server_process.ts";
import { openTab } from "./browser.ts";
import { browserTest } from "../support/programs.ts";

browserTest("the guide's page shows live quotes on another origin", async () => {
  const [page = ""] = await blocksOf("client", "html");
  await using server = await startServer({ DEMO: "1", DEMO_SPEED: "960", DEMO_FAULTS: "off" });
  await using site = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    if (new URL(url).pathname !== "/") return new Response(null, { status: 204 });
    const html = page.replaceAll("http://127.0.0.1:8000", server.origin);
    return new Response(html, { headers: { "content-type": "text/html; charset=utf-8" } });
  });
  await using tab = await openTab();
  await tab.page.goto(`http://127.0.0.1:${site.addr.port}/`);
  const lineOf =
    `document.querySelector("#quotes").textContent.match(/^BTC-USD [\\d.]+ USD/m)?.[0]`;
  const first = await (await tab.page.waitForFunction(lineOf)).jsonValue();
  await tab.page.waitForFunction(`${lineOf} !== ${JSON.stringify(first)}`);
  const state = await tab.page.textContent("#state");
  assertEquals(state, "Connected: changes arrive as they happen.");
  assertEquals(tab.complaints, []);
});
