/**
 * Edgetape with simulated quotes, as in `DEMO`, and a model outside of the process, as in production.
 *
 * @module
 */
import { systemClock } from "../../../lib/core/clock.ts";
import { readConfig } from "../../../lib/core/config.ts";
import { createDemoRuntime } from "../../../lib/demo/demo_runtime.ts";
import { createServices } from "../../../lib/services.ts";
import { instrumentsFor } from "../../../lib/topics/quotes/instruments.ts";
import { createApp } from "../../../routes/app.ts";
import { print } from "../../support/print.ts";
import { refuseConnection } from "../../support/refuse_connection.ts";

const silent = () => {};
const refuse = () => Promise.reject(new Error("This server has no assets"));

if (import.meta.main) {
  const config = readConfig(Deno.env.toObject());
  const demo = createDemoRuntime({
    clock: systemClock,
    random: Math.random,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    fetch: refuse,
    resolve: refuse,
    connect: refuseConnection,
    readAsset: refuse,
  }, [...instrumentsFor(config).values()]);
  const runtime: typeof demo = {
    ...demo,
    fetch: (url, init) => url.hostname === "127.0.0.1" ? fetch(url, init) : demo.fetch(url, init),
  };
  const services = createServices(config, runtime, {
    version: "bench",
    fetch: (url, init) => fetch(url, init),
  });
  Deno.serve({
    port: config.PORT,
    hostname: "127.0.0.1",
    // The line that tests wait for.
    onListen: ({ port }) => print(JSON.stringify({ message: "listening", port })),
  }, createApp(services).fetch);
}
