/**
 * A real browser for tests.
 *
 * @module
 */
import { type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { chromiumPath } from "../support/programs.ts";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The tab of a separate browser. The caller must dispose of it. */
export interface Tab extends AsyncDisposable {
  readonly page: Page;
  /** Errors of scripts, of the console and of the security policy, as text, of all tabs of the page's context. */
  readonly complaints: string[];
}

/** Starts a browser with an empty profile. */
export async function openTab(options: BrowserContextOptions = {}): Promise<Tab> {
  await using stack = new AsyncDisposableStack();
  const profile = await Deno.makeTempDir({ prefix: "edgetape_browser_" });
  stack.defer(() => Deno.remove(profile, { recursive: true }));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath(),
    args: FLAGS,
    ...options,
  });
  stack.defer(() => context.close());
  const complaints: string[] = [];
  context.on("weberror", (error) => complaints.push(error.error().message));
  context.on("console", (line) => {
    if (line.type() === "error" || line.type() === "warning") complaints.push(line.text());
  });
  const page = await context.newPage();
  const resources = stack.move();
  return { page, complaints, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
