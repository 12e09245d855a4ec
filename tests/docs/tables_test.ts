/** The guides' tables against the code: the settings, and the requirements. */
import { assert, assertEquals } from "@std/assert";
import { readConfig, SETTINGS } from "../../lib/core/config.ts";
import { CATALOGUE } from "../../lib/topics/quotes/catalogue.ts";
import { instrumentsFor } from "../../lib/topics/quotes/instruments.ts";
import { providersFor } from "../../lib/topics/quotes/providers/registry.ts";
import { readGuide } from "../support/guides.ts";

interface Row {
  readonly name: string;
  readonly fallback: string;
  readonly meaning: string;
}

/** Reads the rows of the table whose head is `| name | default | meaning |`, with the names in backticks. */
async function readTable(): Promise<Row[]> {
  const lines = (await readGuide("configure")).split("\n");
  const head = lines.findIndex((line) => /^\| *name *\| *default *\| *meaning *\|$/.test(line));
  assert(head >= 0, "configure.md has no table of settings");
  const rest = lines.slice(head + 2);
  const end = rest.findIndex((line) => !line.startsWith("|"));
  return rest.slice(0, end < 0 ? undefined : end).map((line) => {
    // A bar in a cell is written \|.
    const cells = line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim());
    const [name = "", fallback = "", meaning = ""] = cells;
    assert(cells.length === 3 && /^`\w+`$/.test(name), line);
    return { name: name.slice(1, -1), fallback: fallback.replaceAll("`", ""), meaning };
  });
}

Deno.test("configure.md has one row for every setting, and no others", async () => {
  const names = (await readTable()).map(({ name }) => name);
  assertEquals(names.toSorted(), Object.keys(SETTINGS.shape).toSorted());
});

Deno.test("configure.md has the default and the meaning of every setting", async () => {
  const defaults = new Map<string, unknown>(Object.entries(readConfig({})));
  for (const { name, fallback, meaning } of await readTable()) {
    assert(meaning !== "", name);
    if (fallback === "–") {
      assert(!defaults.has(name), `${name} has a default`);
      continue;
    }
    // A setting that is set to its default changes nothing.
    assert(defaults.has(name), `${name} has no default`);
    assertEquals(readConfig({ [name]: fallback }), readConfig({}), name);
  }
});

Deno.test("requirements.md names, for every item of S0, tests that exist and carry its id in their names", async () => {
  const rows = (await readGuide("requirements")).split("\n").filter((line) =>
    line.startsWith("| S0-")
  );
  const found: string[] = [];
  for (const row of rows) {
    const ids = row.split("|")[1]?.match(/S0-\d+/g) ?? [];
    const files = row.match(/tests\/[\w/]+_test\.ts/g) ?? [];
    assert(files.length > 0, row);
    found.push(...ids);
    for (const file of files) {
      const text = await Deno.readTextFile(new URL(`../../${file}`, import.meta.url));
      const names = [...text.matchAll(/\(([^()]*)\)["'`]/g)].flatMap(([, all = ""]) =>
        all.split(", ")
      );
      for (const id of ids) assert(names.includes(id), `${file} has no test of ${id}`);
    }
  }
  const all = Array.from({ length: 31 }, (_, n) => `S0-${n + 1}`);
  assertEquals(found.toSorted(), all.toSorted());
});

Deno.test("quotes.md has one row for every provider, in the order of preference, and marks the unofficial ones", async () => {
  const config = readConfig({
    ...Object.fromEntries(
      ["COINGECKO", "TWELVE_DATA", "FRED", "FINNHUB", "ALPACA"].map((name) => [
        `${name}_API_KEY`,
        "0123456789abcdef0123456789abcdef",
      ]),
    ),
    ALPACA_API_SECRET: "0123456789",
    UNOFFICIAL_SOURCES: "yahoo,swissquote",
    SYMBOLS: CATALOGUE.map(({ symbol }) => symbol).join(),
  });
  const instruments = instrumentsFor(config);
  const titles = providersFor(config, instruments).map(({ title, notice }) =>
    notice === undefined ? title : `${title}, **unofficial**`
  );
  const guide = (await readGuide("quotes")).split("\n");
  const head = guide.findIndex((line) => /^\| provider +\| serves/.test(line));
  const end = guide.findIndex((line, index) => index > head && !line.startsWith("|"));
  const rows = guide.slice(head + 2, end).map((line) => line.split("|")[1]?.trim() ?? "");
  assertEquals(rows.map((row) => row.replace(" Exchange", "")), titles);
});
