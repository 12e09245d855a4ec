/**
 * better-sse on Node. Its package is fetched at the version deno.json pins, into a folder that lives as long as the peer.
 *
 * @module
 */
import project from "../../../deno.json" with { type: "json" };
import { outputOf } from "./command.ts";
import { startPeer } from "./peer_process.ts";
import { plainPublish, type Server } from "./server.ts";

const SCRIPT = new URL("../peers/better_sse.js", import.meta.url);
const PACKAGE = project.imports["better-sse"].replace("npm:", "");

/** Starts it. @throws {Error} Where node, npm or the registry is missing. */
export async function startBetterSse(): Promise<Server> {
  const cwd = await Deno.makeTempDir();
  const remove = () => Deno.remove(cwd, { recursive: true });
  try {
    await Deno.writeTextFile(`${cwd}/package.json`, '{ "type": "module" }');
    await Deno.copyFile(SCRIPT, `${cwd}/server.js`);
    await outputOf("npm", ["install", "--no-audit", "--no-fund", PACKAGE], { cwd });
    const node = await outputOf("node", ["--version"]);
    const { pid, port, stop } = await startPeer("node", ["server.js"], { cwd });
    return {
      name: `${PACKAGE.replace("@", " ")} on Node ${node.slice(1)}`,
      port,
      pid,
      paths: ["/stream"],
      publish: plainPublish(),
      async [Symbol.asyncDispose]() {
        await stop();
        await remove();
      },
    };
  } catch (thrown) {
    await remove();
    throw thrown;
  }
}
