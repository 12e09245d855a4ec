/**
 * The entry point of Edgetape, and the only file that accesses the environment, the network and the file system.
 *
 * @module
 */
import project from "./deno.json" with { type: "json" };
import { systemClock } from "./lib/core/clock.ts";
import { type Config, ConfigError, readConfig } from "./lib/core/config.ts";
import { MAX_FEEDS } from "./lib/core/feed_setting.ts";
import { createLogger, type LogLevel, messageOf } from "./lib/core/logger.ts";
import { randomId } from "./lib/core/random_id.ts";
import type { Runtime } from "./lib/core/runtime.ts";
import { createDemoRuntime } from "./lib/demo/demo_runtime.ts";
import { SIMULATED_MODEL } from "./lib/demo/model.ts";
import { createServices } from "./lib/services.ts";
import { instrumentsFor } from "./lib/topics/quotes/instruments.ts";
import { importOpml } from "./lib/topics/news/opml.ts";
import { readText } from "./lib/upstream/body.ts";
import { createApp } from "./routes/app.ts";

/** The longest shutdown, in milliseconds: shorter than the 5 s after which Deploy sends SIGKILL. */
const MAX_SHUTDOWN_MS = 3000;

function printLine(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** Creates a source of random numbers. It draws them in batches, because one call per number costs more. */
function createRandom(): () => number {
  const words = new Uint32Array(256);
  let remaining = 0;
  return () => {
    if (remaining === 0) {
      crypto.getRandomValues(words);
      remaining = words.length;
    }
    return (words[--remaining] ?? 0) / 2 ** 32;
  };
}

/** Creates the runtime with the real effects. */
function createSystemRuntime(level: LogLevel): Runtime {
  return {
    clock: systemClock,
    fetch: (url, init) => fetch(url, init),
    connect: (url) => new WebSocket(url),
    random: createRandom(),
    log: createLogger(level, systemClock, printLine),
    async resolve(host) {
      const lookups = await Promise.allSettled([
        Deno.resolveDns(host, "A"),
        Deno.resolveDns(host, "AAAA"),
      ]);
      const addresses = lookups.flatMap((lookup) =>
        lookup.status === "fulfilled" ? lookup.value : []
      );
      if (addresses.length === 0) throw new Error(`No address is known for ${host}`);
      return addresses;
    },
    readAsset: async (path) => await Deno.readFile(assetUrl(path)),
  };
}

/** The packages whose files are served to browsers. The imports are never called: they only make Deno download the packages. */
const SERVED_PACKAGES: Readonly<Record<string, () => Promise<unknown>>> = {
  uplot: () => import("uplot"),
};

/** Returns the URL of a file that ships with the code, or of a served package. */
function assetUrl(path: string): URL {
  if (!path.startsWith("npm:")) return new URL(`./lib/${path}`, import.meta.url);
  const specifier = path.slice("npm:".length);
  const name = specifier.replace(/\/.*/, "");
  if (!Object.hasOwn(SERVED_PACKAGES, name)) {
    throw new Error(`No file of the package ${name} is served`);
  }
  return new URL(import.meta.resolve(specifier));
}

/** Completes the settings of a demo: a publisher's token, a channel to publish on, a source of metals, the simulated model. */
function demoConfig(config: Config, { random, clock }: Runtime): Config {
  const token = config.PUBLISH_TOKEN ?? `demo-${randomId(random)}`;
  // The line ignores LOG_LEVEL, because publishing needs the token.
  if (token !== config.PUBLISH_TOKEN) {
    createLogger("info", clock, printLine).info("generated a publishing token", { token });
  }
  const hasChannels = Object.keys(config.CHANNELS).length > 0;
  const channels = { alerts: { types: ["price_alert"], private: false } };
  return {
    ...config,
    PUBLISH_TOKEN: token,
    CHANNELS: hasChannels ? config.CHANNELS : channels,
    // gold-api.com has no history. With an alternate that has one, the charts of metals are full from the start. At a faster
    // pace than that of the providers, gold-api.com's cache would count as silence, and the two would take turns.
    TWELVE_DATA_API_KEY: config.TWELVE_DATA_API_KEY ??
      (config.QUOTE_POLL_MS === undefined ? "simulated" : undefined),
    CHAT_UPSTREAM: "openai",
    CHAT_UPSTREAM_URL: SIMULATED_MODEL.url,
    CHAT_MODEL: SIMULATED_MODEL.name,
    CHAT_API_KEY: undefined,
  };
}

/** Starts the server, and drains it when the process receives a signal to stop. */
function start(): void {
  const settings = readConfig(Deno.env.toObject());
  const system = createSystemRuntime(settings.LOG_LEVEL);
  const pace = { speed: settings.DEMO_SPEED, hasFaults: settings.DEMO_FAULTS };
  const runtime = settings.DEMO
    ? createDemoRuntime(system, [...instrumentsFor(settings).values()], pace)
    : system;
  const config = settings.DEMO ? demoConfig(settings, runtime) : settings;
  const { log } = runtime;

  const services = createServices(config, runtime, {
    version: project.version,
    fetch: system.fetch,
    timeline: Deno.env.get("DENO_TIMELINE"),
  });
  const app = createApp(services);
  // On Deploy the platform sets the address.
  const hostname = config.HOST ?? (Deno.env.has("DENO_DEPLOY") ? "0.0.0.0" : "127.0.0.1");
  const server = Deno.serve({
    hostname,
    port: config.PORT,
    onListen: ({ port }) =>
      log.info("listening", {
        port,
        url: `http://${hostname === "0.0.0.0" ? "localhost" : hostname}:${port}/`,
        demo: config.DEMO,
        version: project.version,
        isolate: services.isolate,
        store: services.store.kind,
        deno: Deno.version.deno,
      }),
  }, app.fetch);

  let isDraining = false;
  /** Ends streams and releases leases, then exits. After MAX_SHUTDOWN_MS it exits regardless. */
  async function drain(signal: Deno.Signal): Promise<void> {
    if (isDraining) return;
    isDraining = true;
    const startedAt = performance.now();
    const streams = services.budget.inUse;
    const drained = services.drain();
    const timeout = new Promise<"cut">((resolve) =>
      setTimeout(() => resolve("cut"), MAX_SHUTDOWN_MS)
    );
    const shutdown = Promise.all([drained, server.shutdown()]).then(() => "whole");
    const outcome = await Promise.race([shutdown, timeout]);
    log.info("drained", {
      signal,
      streams,
      how: outcome,
      ms: Math.round(performance.now() - startedAt),
    });
    Deno.exit(0);
  }
  // Windows has no SIGTERM: Deno throws for it.
  const signals = Deno.build.os === "windows"
    ? ["SIGINT"] as const
    : ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) {
    Deno.addSignalListener(signal, () => void drain(signal));
  }
}

/** The largest OPML file, in bytes. */
const MAX_OPML_BYTES = 16 * 1_048_576;

/** Reads an OPML file, which may be in UTF-16. It ends the process if the file cannot be read. */
async function readOpml(file: string): Promise<string> {
  try {
    const { signal } = new AbortController();
    const options = { title: file, maxBytes: MAX_OPML_BYTES };
    return await readText(new Response(await Deno.readFile(file)), signal, options);
  } catch (thrown) {
    printError(messageOf(thrown));
    Deno.exit(1);
  }
}

/** Prints the setting `NEWS_FEEDS` for the subscriptions of a feed reader. @param file The path of an OPML file. */
async function importFeeds(file: string): Promise<void> {
  const { feeds, refused } = importOpml(await readOpml(file));
  for (const address of refused) printError(`Left out: NEWS_FEEDS does not take ${address}`);
  if (feeds.length > MAX_FEEDS) {
    printError(`Left out: all after the first ${MAX_FEEDS} of ${feeds.length} feeds`);
  }
  if (feeds.length === 0) {
    printError(`${file} has no feed`);
    Deno.exit(1);
  }
  // Apostrophes are escaped, so that the line is valid in a shell and in a file of variables.
  const setting = JSON.stringify(feeds.slice(0, MAX_FEEDS)).replaceAll("'", "\\u0027");
  readConfig({ NEWS_FEEDS: setting });
  printLine(`NEWS_FEEDS='${setting}'`);
}

function printError(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}

try {
  const [command, action, file] = Deno.args;
  if (command === undefined) {
    start();
  } else if (command === "feeds" && action === "import" && file !== undefined) {
    await importFeeds(file);
  } else {
    printError("Usage: deno task feeds import FILE.opml");
    Deno.exit(2);
  }
} catch (thrown) {
  if (!(thrown instanceof ConfigError)) throw thrown;
  printError(messageOf(thrown));
  Deno.exit(1);
}
