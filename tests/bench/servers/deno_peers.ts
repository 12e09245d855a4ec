/**
 * The peers that run on Deno, as we do.
 *
 * @module
 */
import project from "../../../deno.json" with { type: "json" };
import { collecting } from "./collecting.ts";
import { startPeer } from "./peer_process.ts";
import { plainPublish, type Server } from "./server.ts";

function pathOf(file: string): string {
  return new URL(`../peers/${file}`, import.meta.url).pathname;
}

async function startScript(
  name: string,
  file: string,
  args = ["run", "--frozen", "-A", pathOf(file)],
): Promise<Server> {
  const { pid, port, stop } = await startPeer(Deno.execPath(), args);
  return {
    name: `${name} on Deno ${Deno.version.deno}`,
    port,
    pid,
    paths: ["/stream"],
    publish: plainPublish(),
    [Symbol.asyncDispose]: stop,
  };
}

/** Hono's `streamSSE`. */
export function startStreamSse(): Promise<Server> {
  return startScript(
    `streamSSE of Hono ${project.imports.hono.split("@").at(-1)}`,
    "stream_sse.ts",
  );
}

const BARE = "bare Deno.serve";

/** `Deno.serve` with streams, and nothing else. */
export function startBare(): Promise<Server> {
  return startScript(BARE, "bare.ts");
}

/** The same, and it collects its garbage on a signal. */
export function startCollectingBare(): Promise<Server> {
  return startScript(BARE, "bare.ts", collecting(pathOf("bare.ts")));
}
