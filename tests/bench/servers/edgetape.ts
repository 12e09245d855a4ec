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
const MAIN = new URL("../../../main.ts", import.meta.url).pathname;

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
    publishing: {
      path: `/v1/events/${CHANNEL}`,
      headers: { authorization: `Bearer ${PUBLISH_TOKEN}` },
      around: ['{"type":"tick","data":', "}"],
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** All streams follow one channel. @param args Of `deno`, where it is not run as ever. */
export function startEdgetape(
  settings: Settings = {},
  args?: readonly string[],
): Promise<Server> {
  const name = `Edgetape ${project.version} on Deno ${Deno.version.deno}`;
  return start(name, [`/v1/events/${CHANNEL}/stream`], settings, args);
}

/** The same, and it collects its garbage when it is told to. */
export function startCollectingEdgetape(): Promise<Server> {
  return startEdgetape({}, collecting(MAIN));
}

/**
 * Streams of two topics: the channel that is published on, and a silent one that makes `count` audiences. All get the
 * same events, and all pay for two topics.
 */
export function startAudiences(count: number): Promise<Server> {
  const silent = Array.from({ length: count }, (_, index) => `silent-${index}`);
  const channels = [CHANNEL, ...silent].map((name) => [name, { types: ["tick"] }]);
  const name = `Edgetape, ${count} ${count === 1 ? "audience" : "audiences"}`;
  const paths = silent.map((each) => `/v1/stream?topics=events/${CHANNEL},events/${each}`);
  return start(name, paths, { CHANNELS: JSON.stringify(Object.fromEntries(channels)) });
}
