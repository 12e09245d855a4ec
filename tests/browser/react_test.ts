/** The hooks in a real React, in strict mode and with its warnings. */
import { assertEquals } from "@std/assert";
import { createOperation, reportOperation } from "../support/operations.ts";
import { PUBLISH_TOKEN } from "../support/publisher.ts";
import { AUTH_SECRET, signToken } from "../support/user_token.ts";
import { until } from "../support/within.ts";
import { openTab } from "./browser.ts";
import { browserTest } from "../support/programs.ts";
import { startDemo } from "./demo_page.ts";
import { correctTitle, publishArticle, retractArticle } from "./news_publisher.ts";
import { startReactPage } from "./react_page.ts";

/** The beginning of each application: its imports and its root. */
const HEAD = `
  import { createElement as h, StrictMode, useState } from "react";
  import { createRoot } from "react-dom/client";
  const root = createRoot(document.querySelector("#root"));
  const show = (app) => root.render(h(StrictMode, null, app));
`;

/** Publishes the nth story. Returns its id. */
function publishStory(origin: string, n: number): Promise<string> {
  return publishArticle(origin, {
    title: `Story ${n}`,
    url: `https://x.example/${n}`,
    source: "Lab",
  });
}

/** Reads the number of streams that the server has open. */
async function countStreams(origin: string): Promise<number> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  return [...text.matchAll(/^edgetape_streams{.*} (\d+)$/gm)]
    .reduce((sum, [_, count]) => sum + Number(count), 0);
}

browserTest(
  "useQuotes() renders prices as they change, over one connection that closes after the last component",
  async () => {
    await using server = await startDemo();
    await using app = await startReactPage(
      server.origin,
      `${HEAD}
    import { useQuote, useQuotes, useStatus, useStreamState } from "edgetape";
    let renders = 0;
    function Prices() {
      const quotes = Object.values(useQuotes());
      return h("ul", null, quotes.map(({ symbol, price }) => h("li", { key: symbol }, price)));
    }
    function Bitcoin() {
      const { kind } = useStreamState();
      const quote = useQuote("BTC-USD");
      document.title = String(++renders);
      return h("p", { "data-state": kind }, quote?.price, Object.keys(useStatus()).length);
    }
    function App() {
      const [isShown, setShown] = useState(true);
      return h("main", null, isShown && [h(Prices, { key: 1 }), h(Bitcoin, { key: 2 })],
        h("button", { onClick: () => setShown(!isShown) }, "Toggle"));
    }
    show(h(App));
  `,
    );
    await using tab = await openTab();
    const { page, complaints } = tab;
    const streamUrls: string[] = [];
    page.on("request", (request) => {
      if (request.url().includes("/v1/stream?")) streamUrls.push(request.url());
    });

    await page.goto(app.origin);
    await page.locator("[data-state=live]").waitFor();
    const readPrices = () => page.locator("li").allInnerTexts();
    for (let changes = 0; changes < 3; changes++) {
      const previousPrices = await readPrices();
      await until(
        "other prices",
        async () => (await readPrices()).join() !== previousPrices.join() || undefined,
      );
    }
    assertEquals([streamUrls.length, await countStreams(server.origin)], [1, 1]);

    const toggle = page.getByRole("button");
    await toggle.click();
    await toggle.click(); // a component that mounts again within a second reuses the connection
    await page.locator("[data-state=live]").waitFor();
    assertEquals(streamUrls.length, 1);
    await toggle.click();
    await until("no stream", async () => await countStreams(server.origin) === 0 || undefined);
    assertEquals([streamUrls.length, complaints], [1, []]);
  },
);

browserTest("useNews() renders existing, new, updated and retracted articles", async () => {
  await using server = await startDemo({ PUBLISH_TOKEN });
  const { origin } = server;
  const first = await publishStory(origin, 1);
  await using app = await startReactPage(
    origin,
    `${HEAD}
    import { Edgetape, useNews, useStreamState } from "edgetape";
    function News() {
      const { kind } = useStreamState({ topics: ["news"], sources: ["Lab"] });
      const news = useNews({ sources: ["Lab"] });
      return h("ol", { "data-state": kind }, news.map(({ id, title }) => h("li", { key: id }, title)));
    }
    show(h(Edgetape, { url: "${origin}" }, h(News)));
  `,
  );
  await using tab = await openTab();
  const { page, complaints } = tab;
  const waitForTitles = (...titles: string[]) =>
    until(`the titles ${titles}`, async () => {
      const shown = await page.locator("li").allInnerTexts();
      return shown.join() === titles.join() ? true : undefined;
    });

  await page.goto(app.origin);
  await page.locator("[data-state=live]").waitFor();
  await waitForTitles("Story 1");
  const second = await publishStory(origin, 2);
  await waitForTitles("Story 2", "Story 1");
  await correctTitle(origin, first, "Story 1, corrected");
  await waitForTitles("Story 2", "Story 1, corrected");
  await retractArticle(origin, second);
  await waitForTitles("Story 1, corrected");
  assertEquals([await countStreams(origin), complaints], [1, []]);
});

browserTest(
  "useOperation() follows an operation to its terminal state, once its id is known",
  async () => {
    await using server = await startDemo({ PUBLISH_TOKEN, AUTH_SECRET });
    const { origin } = server;
    const path = await createOperation(origin);
    const id = path.split("/").at(-1) ?? "";
    const token = signToken({ sub: "ann", exp: Math.floor(Date.now() / 1000) + 600 });
    await using app = await startReactPage(
      origin,
      `${HEAD}
    import { useOperation } from "edgetape";
    async function ticket() {
      const response = await fetch("${origin}/v1/tickets", {
        method: "POST",
        headers: { authorization: "Bearer ${token}", "content-type": "application/json" },
        body: JSON.stringify({ topics: ["operations/${id}"] }),
      });
      return (await response.json()).ticket;
    }
    function App() {
      const [id, setId] = useState(null);
      const operation = useOperation(id, { ticket });
      return h("main", null, h("p", null, operation ? operation.state + " " + operation.progress : "none"),
        h("button", { onClick: () => setId("${id}") }, "Follow"));
    }
    show(h(App));
  `,
    );
    await using tab = await openTab();
    const { page, complaints } = tab;

    await page.goto(app.origin);
    await page.getByText("none").waitFor();
    await page.getByRole("button").click();
    await page.getByText("pending").waitFor();
    await reportOperation(origin, path, { state: "running", progress: 0.5 });
    await page.getByText("running 0.5").waitFor();
    await reportOperation(origin, path, { state: "completed", progress: 1 });
    await page.getByText("completed 1").waitFor();
    assertEquals(complaints, []);
  },
);

browserTest(
  "useNews() shares one connection between two tabs, and misses no article when one is closed",
  async () => {
    await using server = await startDemo({ PUBLISH_TOKEN });
    const { origin } = server;
    await publishStory(origin, 0);
    await using app = await startReactPage(
      origin,
      `${HEAD}
    import { useNews, useStreamState } from "edgetape";
    const options = { topics: ["news"], sources: ["Lab"] };
    function News() {
      const { kind, isShared } = useStreamState(options);
      const news = useNews(options);
      return h("ol", { "data-state": kind, "data-shared": isShared },
        news.map(({ id, title }) => h("li", { key: id }, title)));
    }
    show(h(News));
  `,
    );
    await using tab = await openTab();
    const { page: first, complaints } = tab;
    await first.goto(app.origin);
    await first.locator("[data-state=live][data-shared=false]").waitFor();
    const second = await first.context().newPage();
    await second.goto(app.origin);
    await second.locator("[data-state=live][data-shared=true]").waitFor();
    assertEquals(await countStreams(origin), 1);

    const titles = ["Story 0"];
    for (let n = 1; n < 30; n++) {
      titles.unshift(`Story ${n}`);
      await publishStory(origin, n);
      if (n === 10) await first.close();
    }
    await until("all stories", async () => {
      const shown = await second.locator("li").allInnerTexts();
      return shown.join() === titles.join() ? true : undefined;
    });
    await second.locator("[data-shared=false]").waitFor();
    await until("one stream", async () => await countStreams(origin) === 1 || undefined);
    assertEquals(complaints, []);
  },
);

browserTest(
  "useChat() renders an answer as it arrives, and continues it after a reload",
  async () => {
    await using server = await startDemo();
    await using app = await startReactPage(
      server.origin,
      `${HEAD}
    import { useChat } from "edgetape";
    function Chat() {
      const { messages, isBusy, send } = useChat({ id: "react" });
      const textOf = ({ parts }) => parts.map(({ text = "" }) => text).join("");
      return h("main", { "data-busy": String(isBusy) },
        messages.map((message, index) => h("p", { key: index, "data-role": message.role }, textOf(message))),
        h("button", { onClick: () => send("How is gold doing? /long") }, "Send"));
    }
    show(h(Chat));
  `,
    );
    await using tab = await openTab();
    const { page, complaints } = tab;
    const waitForAnswer = (text: string) =>
      page.locator("[data-role=assistant]", { hasText: text }).waitFor();

    await page.goto(app.origin);
    await page.getByRole("button").click();
    await waitForAnswer("Gold is at");
    await page.reload();
    await waitForAnswer("All prices are simulated.");
    const answer = await page.locator("[data-role=assistant]").innerText();
    assertEquals(answer.match(/Gold is at/g)?.length, 1);
    assertEquals(complaints, []);
  },
);
