import { assertEquals, assertThrows } from "@std/assert";
import { figureIn, parseExposition } from "./exposition.ts";

const HEAD = "# HELP a_total What.\n# TYPE a_total counter\n";

Deno.test("parseExposition() parses names, labels and values, including escapes", () => {
  const text = `${HEAD}a_total{b="x\\"\\\\\\n",c=""} 1.5e+3\na_total 0\n`;
  assertEquals(parseExposition(text).get("a_total"), {
    name: "a_total",
    type: "counter",
    help: "What.",
    samples: [
      { name: "a_total", labels: { b: 'x"\\\n', c: "" }, value: 1500 },
      { name: "a_total", labels: {}, value: 0 },
    ],
  });
});

/** Invalid texts, each by the error. */
const BAD: Readonly<Record<string, string>> = {
  [`${HEAD}a_total 1`]: "The last line has no end",
  [`${HEAD}a_total one\n`]: "No sample",
  [`${HEAD}a_total{b="x"y"} 1\n`]: "No labels",
  [`${HEAD}a_total{b="x",b="y"} 1\n`]: "A label twice",
  [`${HEAD}a_total -1\n`]: "No count",
  [`${HEAD}b_total 1\n`]: "Out of its place",
  [`${HEAD}a_total 1\na_total 2\n`]: "A series twice",
  [`${HEAD}${HEAD}`]: "A metric twice",
  "# TYPE a_total counter\n": "No help before",
  "# HELP a What.\n# TYPE a sum\n": "No type",
};

for (const [text, reason] of Object.entries(BAD)) {
  Deno.test(`parseExposition() refuses: ${reason}`, () => {
    assertThrows(() => parseExposition(text), SyntaxError, reason);
  });
}

Deno.test("figureIn() returns the sum of the series with the labels, and throws for an unknown metric", () => {
  const text = `# HELP edgetape_a What.\n# TYPE edgetape_a gauge\n` +
    `edgetape_a{b="x",c="1"} 1\nedgetape_a{b="x",c="2"} 2\nedgetape_a{b="y",c="1"} 4\n`;
  assertEquals([figureIn(text, "a"), figureIn(text, "a", { b: "x" })], [7, 3]);
  assertThrows(() => figureIn(text, "b"), Error, "no metric edgetape_b");
});
