import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import type { ConnectionState } from "../../lib/client/client/types.js";
import { violations } from "./axe.ts";
import { openTab, type Tab } from "./browser.ts";
import { browserTest } from "../support/programs.ts";
import { startDemo } from "./demo_page.ts";
import { type Site, startSite } from "./site.ts";

/** A feed whose state the test sets. It counts listeners and reconnects. */
const SCRIPT = `
  const listeners = new Set();
  let state;
  globalThis.fake = {
    listeners,
    reconnects: 0,
    setState(changes, inMs) {
      const nextTryAt = inMs === undefined ? null : performance.timeOrigin + performance.now() + inMs;
      state = { transport: null, failures: 0, lagMs: 0, isShared: false, ...changes, nextTryAt };
      listeners.forEach((listener) => listener(state));
    },
    feed: {
      state: () => state,
      onState: (listener) => { listeners.add(listener); return () => listeners.delete(listener); },
      reconnect: () => { fake.reconnects++; },
    },
  };
  fake.setState({ kind: "connecting", reason: "Connecting to the server." });
  globalThis.badge = document.querySelector("connection-badge");
  badge.feed = fake.feed; // Before the element is defined.
`;

/** A page with a badge. The caller must dispose of it. */
interface Stage extends AsyncDisposable, Tab {
  readonly site: Site;
}

/** Starts a page with a strict policy and a badge, whose feed the test controls. */
async function startStage(options: Parameters<typeof openTab>[0] = {}): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startDemo());
  const site = stack.use(startSite({
    body: `<connection-badge></connection-badge>
      <script type="module" src="/own.js"></script>
      <script type="module" src="${server.origin}/badge.js"></script>`,
    script: SCRIPT,
    policy: [
      `script-src 'self' ${server.origin}`,
      "style-src 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ],
  }));
  const tab = stack.use(await openTab(options));
  await tab.page.goto(site.origin);
  await tab.page.locator("connection-badge[data-state=connecting]").waitFor();
  const resources = stack.move();
  return {
    page: tab.page,
    complaints: tab.complaints,
    site,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Sets the state of the feed. @param inMs The time until the next attempt, undefined if none is scheduled. */
async function setState(
  page: Page,
  state: Pick<ConnectionState, "kind" | "reason">,
  inMs?: number,
): Promise<void> {
  await page.evaluate(
    ([state, inMs]) => Reflect.get(globalThis, "fake").setState(state, inMs),
    [
      state,
      inMs,
    ] as const,
  );
}

/** Locates a part of the badge. */
const part = (page: Page, name: string) => page.locator(`connection-badge [part=${name}]`);

/** Waits until the browser has reported the visibility of the badge. */
async function waitForVisibility(page: Page, isVisible: boolean): Promise<void> {
  await page.evaluate((isVisible) =>
    new Promise<void>((resolve) => {
      const observer = new IntersectionObserver(([entry]) => {
        if (entry?.isIntersecting !== isVisible) return;
        observer.disconnect();
        resolve();
      });
      observer.observe(Reflect.get(globalThis, "badge"));
    }), isVisible);
}

/** The word of each state, and true if it has a button. */
const STATES:
  readonly (readonly [kind: ConnectionState["kind"], word: string, hasButton: boolean])[] = [
    ["connecting", "Connecting", false],
    ["live", "Live", false],
    ["stale", "Stale", false],
    ["reconnecting", "Reconnecting", true],
    ["polling", "Polling", true],
    ["busy", "Busy", true],
    ["offline", "Offline", true],
    ["paused", "Paused", false],
    ["ended", "Ended", false],
    ["stopped", "Stopped", true],
  ];

for (const colorScheme of ["light", "dark"] as const) {
  browserTest(
    `<connection-badge> shows each state by word, mark and reason, in ${colorScheme} mode`,
    async () => {
      await using stage = await startStage({ colorScheme, reducedMotion: "reduce" });
      const { page, complaints, site } = stage;
      await page.evaluate(`document.documentElement.style.colorScheme = "light dark"`);
      const marks = new Set<string | null>();

      for (const [kind, word, hasButton] of STATES) {
        const reason = `<img src=x onerror=alert(1)> is why it is ${kind}.`;
        await setState(page, { kind, reason });
        await page.locator(`connection-badge[data-state=${kind}]`).waitFor();
        assertEquals(await part(page, "status").innerText(), word);
        assertEquals(await part(page, "reason").innerText(), reason);
        assertEquals(await part(page, "button").isVisible(), hasButton, kind);
        marks.add(await part(page, "mark").locator("path").getAttribute("d"));
        assertEquals(await violations(page), []);
      }
      assertEquals(marks.size, STATES.length);
      assertEquals(await page.evaluate("document.getAnimations().length"), 0);
      assertEquals([complaints, site.reports], [[], []]);
    },
  );
}

browserTest(
  "<connection-badge> counts down to the next attempt outside the live region, while it is visible",
  async () => {
    await using stage = await startStage();
    const { page } = stage;
    await page.clock.install();
    await page.reload();
    await page.clock.pauseAt(Date.now() + 1000);
    const countdown = part(page, "countdown");

    await setState(page, { kind: "busy", reason: "It is full. Next try in 12 s." }, 12_000);
    assertEquals(await countdown.innerText(), "Next try in 12\u00a0s.");
    assertEquals(await part(page, "reason").innerText(), "It is full.");
    await waitForVisibility(page, true);
    await page.clock.runFor(2500);
    assertEquals(await countdown.innerText(), "Next try in 10\u00a0s.");
    assertEquals(await part(page, "status").innerText(), "Busy");
    assertEquals(await page.locator("[role=status], [aria-live]").count(), 1);

    await page.evaluate("badge.hidden = true");
    await waitForVisibility(page, false);
    const hiddenText = await countdown.textContent();
    await page.clock.runFor(3000);
    assertEquals(await countdown.textContent(), hiddenText);
    await page.evaluate("badge.hidden = false");
    await countdown.getByText("Next try in 7").waitFor();

    await page.clock.runFor(7000);
    await countdown.getByText("Trying now.").waitFor();
    await setState(page, { kind: "live", reason: "Connected." });
    assertEquals(await countdown.isVisible(), false);
  },
);

browserTest(
  "<connection-badge> reconnects when its button is pressed, and keeps the focus",
  async () => {
    await using stage = await startStage();
    const { page } = stage;
    const button = part(page, "button");

    await setState(page, { kind: "stopped", reason: "Gave up after 20 tries." });
    await button.click();
    assertEquals(await page.evaluate("fake.reconnects"), 1);
    await setState(page, { kind: "live", reason: "Connected." });
    assertEquals(await button.isVisible(), true);
    await button.click({ force: true });
    assertEquals(await page.evaluate("fake.reconnects"), 1);
    await button.blur();
    await button.waitFor({ state: "hidden" });
  },
);

browserTest("<connection-badge> shows a live feed with a stale reason as stale", async () => {
  await using stage = await startStage();
  const { page } = stage;

  await setState(page, { kind: "live", reason: "Connected." });
  await page.evaluate("badge.staleReason = 'Connected, but no price is fresh.'");
  assertEquals(await part(page, "status").innerText(), "Stale");
  assertEquals(await part(page, "reason").innerText(), "Connected, but no price is fresh.");
  await setState(page, { kind: "offline", reason: "There is no network." });
  assertEquals(await part(page, "reason").innerText(), "There is no network.");
  await setState(page, { kind: "live", reason: "Connected." });
  await page.evaluate("badge.staleReason = null");
  assertEquals(await part(page, "status").innerText(), "Live");
});

browserTest(
  "<connection-badge> unsubscribes when it is removed, and subscribes when it is inserted",
  async () => {
    await using stage = await startStage();
    const { page } = stage;
    const countListeners = () => page.evaluate("fake.listeners.size");

    assertEquals(await countListeners(), 1);
    await page.evaluate("badge.remove()");
    assertEquals(await countListeners(), 0);
    await setState(page, { kind: "live", reason: "Connected." });
    await page.evaluate("document.body.append(badge)");
    assertEquals(await countListeners(), 1);
    assertEquals(await part(page, "status").innerText(), "Live");
    await page.evaluate("badge.feed = null");
    assertEquals(await countListeners(), 0);
    assertEquals(await page.locator("connection-badge[data-state=connecting]").count(), 1);
  },
);
