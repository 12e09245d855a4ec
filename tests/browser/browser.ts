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

/** One tab of a browser of its own. Dispose of it after use. */
export interface Tab extends AsyncDisposable {
  readonly page: Page;
  /** Errors of scripts, of the console and of the security policy, as text, of all tabs of the page's context. */
  readonly complaints: string[];
}

/** Starts the browser with an empty profile. */
export async function openTab(options: BrowserContextOptions = {}): Promise<Tab> {
  const profile = await Deno.makeTempDir({ prefix: "edgetape_browser_" });
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath(),
    args: FLAGS,
    ...options,
  });
  const complaints: string[] = [];
  context.on("weberror", (error) => complaints.push(error.error().message));
  context.on("console", (line) => {
    if (line.type() === "error" || line.type() === "warning") complaints.push(line.text());
  });
  return {
    page: await context.newPage(),
    complaints,
    async [Symbol.asyncDispose]() {
      await context.close();
      await Deno.remove(profile, { recursive: true });
    },
  };
}
