import { assert, assertEquals, assertThrows } from "@std/assert";
import { createTabs, MINUTE, pricesOf, upTo } from "./quoted_tabs.ts";
import { idOf, type Tab } from "./tabs.ts";

Deno.test("createSharedConnection() delivers the events of one connection to all tabs", async () => {
  const { server, tabs, quote } = await createTabs(3);
  await quote();
  assertEquals([server.connections, server.opened], [1, [""]]);
  for (const tab of tabs) {
    assertEquals(tab.events.map(({ type }) => type), ["snapshot", "quote"]);
    assertEquals([pricesOf(tab), tab.feed.state().kind], [[1, 2], "live"]);
  }
  assertEquals(tabs.map(({ feed }) => feed.state().isShared), [false, true, true]);
  assertEquals(new Set(tabs.map(({ feed }) => feed.cursor())).size, 1);
});

Deno.test("createSharedConnection() sends a late tab the initial state of a stream", async () => {
  const { clock, server, quote, open } = await createTabs(2);
  await quote();
  server.publish("quote", { symbol: "ETH-USD", price: 7 });
  server.publish("status", { provider: "coinbase", state: "down" });
  server.publish("article", { id: "a" });
  server.publish("progress", { id: "o", progress: 0.5 });
  const id = server.publish("completed", { id: "o", progress: 1 });
  await clock.advance(0);
  const late = await open();
  const quotes = [{ symbol: "BTC-USD", price: 2 }, { symbol: "ETH-USD", price: 7 }];
  const status = [{ provider: "coinbase", state: "down" }];
  assertEquals(late.events, [
    { type: "snapshot", data: { quotes, status }, id: "" },
    { type: "completed", data: { id: "o", progress: 1 }, id: "" },
  ]);
  assertEquals([late.feed.cursor(), server.connections], [id, 1]);
});

Deno.test("createSharedConnection() delivers the missed events to a tab with an older cursor, over a temporary connection", async () => {
  const { server, first, quote, open } = await createTabs(2);
  const cursor = first.feed.cursor();
  await quote(3);
  const late = await open({ cursor });
  assertEquals(pricesOf(late), [2, 3, 4]);
  await quote();
  assertEquals([pricesOf(late), pricesOf(first)], [[2, 3, 4, 5], upTo(5)]);
  assertEquals([server.connections, late.feed.state().isShared], [1, true]);
});

Deno.test("createSharedConnection() opens no connection for a tab whose cursor is not behind the leader's", async () => {
  const { server, first, quote, open } = await createTabs(2);
  const late = await open({ cursor: first.feed.cursor() });
  const ahead = await open({ cursor: idOf(3) });
  await quote(3);
  assertEquals([pricesOf(late), pricesOf(ahead)], [[2, 3, 4], [4]]);
  assertEquals(server.opened.length, 1);
});

Deno.test("createSharedConnection() sends the initial state to a tab without a cursor, even if the leader started with one", async () => {
  const { server, quote, open } = await createTabs(2, { cursor: idOf(1) });
  const late = await open({});
  assertEquals(pricesOf(late), [1]);
  await quote();
  assertEquals([pricesOf(late), server.connections], [[1, 2], 1]);
});

/** Ways in which a leader ends. */
const ENDS: Readonly<Record<string, (tab: Tab) => void>> = {
  closes: ({ feed }) => feed.close(),
  crashes: (tab) => tab.crash(),
  "is frozen": (tab) => tab.dispatchLifecycle("freeze"),
  "is left for another page": (tab) => tab.dispatchLifecycle("pagehide"),
};

for (const [event, end] of Object.entries(ENDS)) {
  Deno.test(`createSharedConnection() resumes at the next leader's cursor when the leader ${event}`, async () => {
    const { clock, server, first, second, quote } = await createTabs(3);
    await quote(2);
    const cursor = second.feed.cursor();
    end(first);
    await quote();
    await clock.advance(0);
    await quote();
    assertEquals([server.opened, server.connections], [["", cursor], 1]);
    assertEquals([pricesOf(second), second.feed.state().isShared], [upTo(5), false]);
  });
}

Deno.test("createSharedConnection() replaces a leader that misses five pings, which then follows", async () => {
  const { clock, server, first, second, quote } = await createTabs(2);
  first.freeze();
  await quote(2);
  await clock.advance(30_000);
  assertEquals(pricesOf(second), [1]);
  await clock.advance(7_500);
  assertEquals(pricesOf(second), [1, 2, 3]);
  first.thaw();
  await quote();
  await clock.advance(7_500);
  assertEquals([pricesOf(first), pricesOf(second)], [upTo(4), upTo(4)]);
  assertEquals([server.connections, first.feed.state().isShared], [1, true]);
});

Deno.test("createSharedConnection() keeps a leader that receives no events", async () => {
  const { clock, server, first } = await createTabs(3);
  await clock.advance(30 * MINUTE);
  assertEquals([server.opened, first.feed.state().isShared], [[""], false]);
});

Deno.test("createSharedConnection() replaces a leader that is hidden for 5 minutes, which follows when it is visible", async () => {
  const { clock, server, first, second, quote } = await createTabs(2);
  first.hide();
  await clock.advance(5 * MINUTE - 1);
  assertEquals(server.opened.length, 1);
  await clock.advance(1);
  assertEquals([first.feed.state().kind, first.feed.state().isShared], ["paused", false]);
  assertEquals([server.opened.length, second.feed.state().kind], [2, "live"]);
  await quote(2);
  assertEquals([pricesOf(first), pricesOf(second)], [[1], upTo(3)]);
  first.show();
  await clock.advance(7_500);
  await quote();
  assertEquals([pricesOf(first), server.connections], [upTo(4), 1]);
});

Deno.test("createSharedConnection() has no connection while all tabs are hidden for 5 minutes", async () => {
  const { clock, server, tabs, second, quote, browser } = await createTabs(3);
  tabs.forEach((tab) => tab.hide());
  await clock.advance(5 * MINUTE);
  assertEquals([server.connections, clock.timers, browser.channels], [0, 0, 0]);
  await quote();
  second.show();
  await clock.advance(0);
  assertEquals([pricesOf(second), server.connections], [[1, 2], 1]);
});

Deno.test("createSharedConnection() pauses a tab that was opened hidden and never shown", async () => {
  const { clock, browser, open } = await createTabs(2);
  const tab = await open({ isHidden: true });
  assertEquals(browser.channels, 3);
  await clock.advance(5 * MINUTE);
  assertEquals([browser.channels, tab.feed.state().kind], [2, "paused"]);
});

Deno.test("createSharedConnection() forwards a follower's reconnect() and setUrl() to the leader", async () => {
  const { clock, server, first, second, open } = await createTabs(2);
  second.feed.reconnect();
  second.feed.setUrl("https://other.example");
  await clock.advance(0);
  assertEquals([server.reconnects, server.urls], [1, ["https://other.example"]]);
  const late = await open();
  first.feed.close();
  second.feed.close();
  await clock.advance(0);
  assertEquals(late.feed.state().isShared, false);
  assertEquals(server.urls, Array(2).fill("https://other.example"));
});

Deno.test("createSharedConnection() reconnects a leader that has given up, once for each opened tab", async () => {
  const { clock, server, open } = await createTabs(2);
  server.setKind("stopped");
  await clock.advance(MINUTE);
  assertEquals(server.reconnects, 0);
  await open();
  await clock.advance(MINUTE);
  assertEquals(server.reconnects, 1);
});

Deno.test("createSharedConnection() replaces a hidden leader that may not poll by a visible tab", async () => {
  const { clock, server, first, second, quote } = await createTabs(3);
  first.hide();
  server.setKind("paused");
  await quote();
  await clock.advance(0);
  assertEquals([second.feed.state().kind, server.connections], ["live", 1]);
  assertEquals(pricesOf(second), [1, 2]);
  assertEquals([first.feed.state().kind, first.feed.state().isShared], ["live", true]);
});

Deno.test("createSharedConnection() keeps a leader that may not poll while all tabs are hidden", async () => {
  const { clock, server, tabs } = await createTabs(2);
  for (const tab of tabs) tab.hide();
  server.setKind("paused");
  await clock.advance(MINUTE);
  assertEquals([server.opened, tabs[1]?.feed.state().kind], [[""], "paused"]);
});

Deno.test("createSharedConnection() sends a late tab a chat answer up to now, and its terminal event", async () => {
  const { clock, server, open } = await createTabs(2);
  const part = (text: string) => ({ kind: "text", text });
  for (const text of ["It ", "is", "…"]) server.publish("part", part(text));
  server.publish("gap", { topic: "chat/x" });
  for (const text of ["It ", "is."]) server.publish("part", part(text));
  server.publish("done", { tokens: 2 });
  await clock.advance(0);
  const { events } = await open();
  assertEquals(events.slice(1).map(({ type, data }) => [type, data]), [
    ["part", part("It ")],
    ["part", part("is.")],
    ["done", { tokens: 2 }],
  ]);
});

Deno.test("createSharedConnection() broadcasts its cursor when it closes, so that no event is delivered twice", async () => {
  const { clock, server, first } = await createTabs(2);
  server.moveCursor(idOf(9));
  first.feed.close();
  await clock.advance(0);
  assertEquals(server.opened, ["", idOf(9)]);
});

Deno.test("createSharedConnection() throws a TypeError if the URL is invalid, and keeps its server", async () => {
  const { clock, server, second } = await createTabs(2);
  assertThrows(() => second.feed.setUrl("http://["), TypeError);
  await clock.advance(0);
  assertEquals(server.urls, []);
});

Deno.test("createSharedConnection() releases the connection, the channel, the lock and all timers when the last tab is closed", async () => {
  const { clock, server, tabs, first, quote, browser } = await createTabs(3);
  for (const { feed } of tabs) {
    feed.close();
    await clock.advance(0);
  }
  await quote();
  assertEquals([server.connections, browser.channels, clock.timers], [0, 0, 0]);
  assert(!browser.locks.isHeld);
  assertEquals([pricesOf(first), first.feed.state().kind], [[1], "stopped"]);
});

Deno.test("createSharedConnection() ignores unknown messages", async () => {
  const { clock, browser, tabs, quote } = await createTabs(2);
  for (
    const message of [null, 1, "x", {}, { v: 3 }, { v: 4, leader: "x", event: { type: "quote" } }]
  ) {
    browser.post(message);
  }
  await clock.advance(0);
  await quote();
  for (const tab of tabs) assertEquals(pricesOf(tab), [1, 2]);
});

Deno.test("createSharedConnection() publishes a repeated state once", async () => {
  const { clock, second } = await createTabs(2);
  await clock.advance(MINUTE);
  assertEquals(second.states.map(({ kind }) => kind), ["live"]);
});
