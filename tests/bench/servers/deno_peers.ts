/**
 * The peers that run on Deno, as we do.
 *
 * @module
 */
import project from "../../../deno.json" with { type: "json" };
import { startPeer } from "./peer_process.ts";
import { plainPublishing, type Server } from "./server.ts";

async function startScript(name: string, file: string): Promise<Server> {
  const script = new URL(`../peers/${file}`, import.meta.url).pathname;
  const { pid, port, stop } = await startPeer(Deno.execPath(), ["run", "--frozen", "-A", script]);
  return {
    name: `${name} on Deno ${Deno.version.deno}`,
    port,
    pid,
    paths: ["/stream"],
    publishing: plainPublishing(),
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

/** `Deno.serve` with streams that do nothing. */
export function startBare(): Promise<Server> {
  return startScript("bare Deno.serve", "bare.ts");
}
