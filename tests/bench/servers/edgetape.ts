/**
 * Edgetape: the real main.ts with its default settings, but for limits of how much one client may have.
 *
 * @module
 */
import project from "../../../deno.json" with { type: "json" };
import { PUBLISH_TOKEN, PUBLISHER_SETTINGS } from "../../support/publisher.ts";
import { type Settings, startServer } from "../../support/server_process.ts";
import { pin } from "../pin.ts";
import { collecting } from "./collecting.ts";
import type { Server } from "./server.ts";

const CHANNEL = "alerts";
const MOST_STREAMS = "20000";
const ROOT = new URL("../../..", import.meta.url).pathname;

async function start(
  name: string,
  paths: readonly string[],
  settings: Settings,
  args?: readonly string[],
): Promise<Server> {
  const { pid, port, stop } = await startServer({
    ...PUBLISHER_SETTINGS,
    STREAMS_PER_ISOLATE: MOST_STREAMS,
    STREAMS_PER_CLIENT: MOST_STREAMS,
    ...settings,
  }, args);
  pin(pid, "server");
  return {
    name,
    port,
    pid,
    paths,
    publish: {
      path: `/v1/events/${CHANNEL}`,
      headers: { authorization: `Bearer ${PUBLISH_TOKEN}` },
      around: ['{"type":"tick","data":', "}"],
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** The arguments of `deno` that run the server of another checkout. */
function runFrom(root: string): string[] {
  return ["run", "--frozen", "-A", `--config=${root}/deno.json`, `${root}/main.ts`];
}

function nameOf(root: string): string {
  return root === ROOT ? `Edgetape ${project.version} on Deno ${Deno.version.deno}` : root;
}

/** Starts a server whose streams are all of one channel. @param args The arguments of `deno`. @param root The checkout. */
export function startEdgetape(
  settings: Settings = {},
  args?: readonly string[],
  root = ROOT,
): Promise<Server> {
  const path = `/v1/events/${CHANNEL}/stream`;
  return start(nameOf(root), [path], settings, args ?? runFrom(root));
}

/** Starts such a server that collects its garbage on a signal. @param root The checkout. */
export function startCollectingEdgetape(root = ROOT): Promise<Server> {
  const [run = "run", ...args] = collecting(`${root}/main.ts`);
  return startEdgetape({}, [run, `--config=${root}/deno.json`, ...args], root);
}

/**
 * Starts a server whose streams have two topics: the channel that is published on, and a silent one that makes `count`
 * broadcast groups. All receive the same events, and all pay for two topics. @param root The checkout.
 */
export function startGroups(count: number, root = ROOT): Promise<Server> {
  const silent = Array.from({ length: count }, (_, index) => `silent-${index}`);
  const channels = [CHANNEL, ...silent].map((name) => [name, { types: ["tick"] }]);
  const name = `${nameOf(root)}, ${count} broadcast ${count === 1 ? "group" : "groups"}`;
  const paths = silent.map((each) => `/v1/stream?topics=events/${CHANNEL},events/${each}`);
  return start(
    name,
    paths,
    { CHANNELS: JSON.stringify(Object.fromEntries(channels)) },
    runFrom(root),
  );
}
