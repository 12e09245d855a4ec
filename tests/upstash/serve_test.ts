/**
 * The Redis mode at home.
 *
 * @module
 */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { PATIENCE_MS, within } from "../support/within.ts";
import { redisTest } from "../support/programs.ts";
import { sdkFor } from "./support.ts";

const SERVE = new URL("serve.ts", import.meta.url).pathname;

function start(port: number) {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", SERVE, String(port)],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
}

/** All it writes, up to the line with the token, or to its end. */
async function firstWords(stdout: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let words = "";
  for await (const text of stdout.pipeThrough(new TextDecoderStream())) {
    words += text;
    if (/_TOKEN=.*\n/.test(words)) break;
  }
  return words;
}

redisTest(
  "deno task redis prints the two settings, and takes redis-server with it at SIGINT",
  async () => {
    const child = start(0);
    const words = await within(PATIENCE_MS, "the settings", firstWords(child.stdout));
    const [, url = "", token = ""] = /_URL=(\S+)\n.*_TOKEN=(\S+)\n/.exec(words) ?? [];
    const info = await sdkFor({ url, token }).exec<string>(["INFO", "server"]);
    const redisPort = Number(/^tcp_port:(\d+)/m.exec(info)?.[1]);
    child.kill("SIGINT");
    assertEquals((await within(PATIENCE_MS, "its end", child.status)).code, 0);
    await assertRejects(() => Deno.connect({ port: redisPort }), Deno.errors.ConnectionRefused);
  },
);

redisTest("deno task redis tells when its port is taken", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const child = start(taken.addr.port);
  assertMatch(await firstWords(child.stdout), /EADDRINUSE.*\nAnother port/);
  assertEquals((await child.status).code, 1);
});
