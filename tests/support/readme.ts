/**
 * The README's examples, run as they are printed.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { ServerProcess } from "./server_process.ts";
import { until, within } from "./within.ts";

const README = new URL("../../README.md", import.meta.url);

/** The secret of publishers that the README's sessions are started with. */
const TOKEN = "a-secret-of-16-or-more";

/** Settings of a server for what the README's shells do. */
export const README_SETTINGS = { PUBLISH_TOKEN: TOKEN };

/** The blocks of a section in one language, in order. */
export async function blocksOf(section: string, language: string): Promise<string[]> {
  const text = await Deno.readTextFile(README);
  const [, rest = ""] = text.split(`\n## ${section}\n`);
  const [own = ""] = rest.split("\n## ");
  const blocks = own.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"));
  return [...blocks].map(([, block = ""]) => block);
}

/**
 * Runs a session of three shells: one starts the server, one begins something and follows it, one works on it. They share
 * a file, `/tmp/<file>`.
 *
 * @returns What the second one printed, once it ended.
 */
export async function runShells(
  section: string,
  file: string,
  { origin, port }: Pick<ServerProcess, "origin" | "port">,
): Promise<string> {
  const [start = "", ...others] = await blocksOf(section, "sh");
  assert(start.includes(`PUBLISH_TOKEN=${TOKEN}`), start);
  const ours = await Deno.makeTempFile();
  const [follower = "", worker = ""] = others.map((text) =>
    text.replaceAll("localhost:8000", `127.0.0.1:${port}`).replaceAll(`/tmp/${file}`, ours)
  );
  const run = (text: string) =>
    new Deno.Command("bash", { args: ["-c", text], stdout: "piped", stderr: "piped" }).output();

  try {
    const following = run(follower);
    await until("a stream", async () => {
      const answer = await fetch(`${origin}/health`);
      return (await answer.json()).streams.open === 1 || undefined;
    });
    const worked = await run(worker);
    assert(worked.success, new TextDecoder().decode(worked.stderr));
    const { stdout, success } = await within(10_000, "the end of the stream", following);
    const text = new TextDecoder().decode(stdout);
    assert(success, text);
    return text;
  } finally {
    await Deno.remove(ours);
  }
}

/** The types of the events in a stream's text. */
export function typesIn(text: string): string[] {
  return [...text.matchAll(/^event: (.*)$/gm)].map(([, type = ""]) => type);
}
