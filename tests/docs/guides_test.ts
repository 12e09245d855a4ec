/** The README, the guides and the map of lib: every guide is listed, and every link, task and file exists. */
import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);
const GUIDES = new URL("lib/docs/", ROOT);
const MAP = "lib/README.md";
const PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", MAP, ...await guideFiles()];

/** Lists the guides' paths from the root. */
async function guideFiles(): Promise<string[]> {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(GUIDES)) files.push(`lib/docs/${name}`);
  return files.sort();
}

async function read(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(path, ROOT));
}

/** Finds the relative links of a page, as URLs. */
function linksIn(path: string, text: string): URL[] {
  const links = text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g);
  return [...links].map(([, link = ""]) => new URL(link, new URL(path, ROOT)));
}

/** Finds the guides that a page links to, each once, in order. */
async function guidesLinkedFrom(path: string): Promise<string[]> {
  const hrefs = linksIn(path, await read(path)).map(({ href }) => href);
  const own = hrefs.filter((href) => href.startsWith(GUIDES.href));
  return [...new Set(own)].map((href) => href.slice(ROOT.href.length));
}

Deno.test("README.md has at most 250 lines", async () => {
  const lines = (await read("README.md")).trimEnd().split("\n").length;
  assert(lines <= 250, `${lines} lines`);
});

Deno.test("README.md and index.md link to every guide, in one order", async () => {
  const all = (await guideFiles()).filter((path) => !path.endsWith("/index.md"));
  const listed = await guidesLinkedFrom("lib/docs/index.md");
  assertEquals(listed.toSorted(), all);
  const readme = await read("README.md");
  const section = readme.slice(readme.indexOf("\n## Guides\n"), readme.indexOf("\n## Develop\n"));
  const inOrder = linksIn("README.md", section).map(({ href }) => href.slice(ROOT.href.length));
  assertEquals(inOrder.filter((path) => path.startsWith("lib/docs/")), listed);
});

Deno.test("every link of a page leads to a file", async () => {
  for (const path of PAGES) {
    for (const link of linksIn(path, await read(path))) {
      assert((await Deno.stat(link)).isFile, `${path}: ${link.href}`);
    }
  }
});

Deno.test("every task that a page names exists", async () => {
  const { tasks } = JSON.parse(await read("deno.json"));
  for (const path of PAGES) {
    const named = (await read(path)).matchAll(/\bdeno(?:@[\d.]+)? task ([\w:]+)/g);
    for (const [, task = ""] of named) assert(task in tasks, `${path}: ${task}`);
  }
});

Deno.test("every file of the project that a page names exists", async () => {
  const missing: string[] = [];
  for (const path of PAGES) {
    const named = (await read(path)).matchAll(/`((?:lib|routes|tests|\.ci)\/[\w./-]*)`/g);
    for (const [, file = ""] of named) {
      const isThere = await Deno.stat(new URL(file, ROOT)).then(() => true, () => false);
      if (!isThere) missing.push(`${path}: ${file}`);
    }
  }
  assertEquals(missing, []);
});

Deno.test("every file and folder that the map of lib names exists", async () => {
  const missing: string[] = [];
  const named = (await read(MAP)).matchAll(/`([\w./-]+(?:\.(?:ts|js|yml|json)|\/))`/g);
  for (const path of new Set([...named].map(([, path = ""]) => path))) {
    const isThere = await Deno.stat(new URL(path, new URL(MAP, ROOT))).then(
      () => true,
      () => false,
    );
    if (!isThere) missing.push(path);
  }
  assertEquals(missing, []);
});

Deno.test("the decisions of the map are numbered without a gap", async () => {
  const numbers = [...(await read(MAP)).matchAll(/^(\d+)\. \*\*/gm)].map(([, number]) =>
    Number(number)
  );
  assert(numbers.length > 0);
  assertEquals(numbers, numbers.map((_, i) => i + 1));
});
