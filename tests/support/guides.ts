/**
 * The guides' examples, run as they are printed.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { ServerProcess } from "./server_process.ts";
import { until, within } from "./within.ts";

const GUIDES = new URL("../../lib/docs/", import.meta.url);

/** The publishers' secret in the guides' shells. */
const TOKEN = "a-secret-of-16-or-more";

/** Settings of a server for the guides' shells. */
export const GUIDE_SETTINGS = { PUBLISH_TOKEN: TOKEN };

/** Reads a guide. @param guide Its file's name, without `.md`. */
export async function readGuide(guide: string): Promise<string> {
  return await Deno.readTextFile(new URL(`${guide}.md`, GUIDES));
}

/** Returns a guide's blocks in one language, in order. */
export async function blocksOf(guide: string, language: string): Promise<string[]> {
  const blocks = (await readGuide(guide)).matchAll(
    new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"),
  );
  return [...blocks].map(([, block = ""]) => block);
}

/**
 * Runs a guide's three shells: the first starts the server, the second creates a resource and follows its stream, the
 * third reports on the resource. The last two share a file, `/tmp/<file>`.
 *
 * @returns The second shell's output, once it ended.
 */
export async function runShells(
  guide: string,
  file: string,
  { origin, port }: Pick<ServerProcess, "origin" | "port">,
): Promise<string> {
  const [start = "", ...others] = await blocksOf(guide, "sh");
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
