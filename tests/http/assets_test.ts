import { assertEquals, assertMatch } from "@std/assert";
import { bundle, bundleStyles } from "../../lib/http/assets.ts";

const FILES: Record<string, string> = {
  "main.js": `// @ts-check
/**
 * Greets.
 */
import { name } from "./client/name.js";
import { twice } from "./client/twice.js";
import {
  other,
} from "./other.js";
export { name } from "./client/name.js";

/** @param {string} word */
export function greet(word) {
  // Aloud.
  return twice(\`\${word}, /** dear */ \${name} // \${other}\`);
}
`,
  "client/name.js": `import { twice } from "./twice.js";
export const name = twice("Ann");
`,
  "client/twice.js": "/** @param {string} text */\nexport const twice = (text) => text + text;\n",
  "other.js": "export const other = 1;\n",
};

Deno.test("bundle() joins each module once, before its importers", async () => {
  const module = await bundle("main.js", (path) => Promise.resolve(FILES[path] ?? ""));
  assertEquals(module.match(/const twice/g)?.length, 1);
  assertMatch(module, /^import \{\s*other,\s*\} from "\.\/other\.js";$/m);
  const alone = module.replace(/^import [^;]*;\n/m, "const other = 1;\n");
  const { greet, name } = await import(`data:text/javascript,${encodeURIComponent(alone)}`);
  assertEquals(name, "AnnAnn");
  assertEquals(greet("Hello"), "Hello, /** dear */ AnnAnn // 1".repeat(2));
});

Deno.test("bundle() removes comments, but not in strings", async () => {
  const module = await bundle("main.js", (path) => Promise.resolve(FILES[path] ?? ""));
  assertEquals(module.match(/Greets|Aloud|@param|@ts-check/), null);
});

Deno.test("bundle() imports a package from the path where we serve it", async () => {
  const source = `import uPlot from "uplot";\nexport const plot = uPlot;\n`;
  const module = await bundle("page/chart.js", () => Promise.resolve(source));
  assertMatch(module, /^import uPlot from "\/page\/uplot\.js";$/m);
});

Deno.test("bundleStyles() joins a style sheet after its imports", async () => {
  const files: Record<string, string> = {
    "page/page.css":
      `/* All. */\n@import "./styles/a.css";\n@import "./styles/b.css";\np {\n  top: 0;\n}\n`,
    "page/styles/a.css": "/* Of\n * two lines. */\na {\n  content: '/* kept */';\n}\n",
    "page/styles/b.css": "b {}\n",
  };
  const sheet = await bundleStyles("page/page.css", (path) => Promise.resolve(files[path] ?? ""));
  assertEquals(sheet, "a {\ncontent: '/* kept */';\n}\nb {}\np {\ntop: 0;\n}\n");
});
