/**
 * The rules of the architecture: each finds nothing in the project, and reports a violation in an example.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  crowdedFiles,
  fragments,
  longFiles,
  sizeOf,
  strayTopics,
} from "./architecture/concepts.ts";
import { cycles, layerViolations, strayRedis } from "./architecture/layers.ts";
import { effects } from "./architecture/globals.ts";
import { importWork } from "./architecture/import_work.ts";
import { docstrings, misnamedLimits, sharedNames } from "./architecture/names.ts";
import { type Files, readFiles } from "./architecture/source.ts";
import { needlessWallTime, wallTimeMath } from "./architecture/times.ts";
import { waits } from "./architecture/waits.ts";

const tree = await readFiles(new URL("../", import.meta.url), ["lib", "routes", "main.ts"]);

/** The server's code, without the entry point. */
const server = without(tree, /^(?:lib\/client\/|main\.ts$)/);

function without(files: Files, unwanted: RegExp): Files {
  return new Map([...files].filter(([path]) => !unwanted.test(path)));
}

/** Returns the violations of a rule in one source, without file and line. */
function violationsOf(
  rule: (files: Files) => string[],
  source: string,
  path = "lib/hub/x.ts",
): string[] {
  return rule(new Map([[path, source]])).map((each) => each.slice(each.indexOf(": ") + 2));
}

Deno.test("readFiles() reads the modules of the project", () => {
  for (const path of ["lib/core/clock.ts", "lib/wire/sse.ts"]) assert(tree.has(path), path);
});

Deno.test("layerViolations() finds none: a file imports its own folder and lower layers only", () => {
  assertEquals(layerViolations(tree), []);
});

const LAYER_VIOLATIONS: Readonly<Record<string, readonly [path: string, source: string]>> = {
  "lib/core may not import lib/wire": ["lib/core/x.ts", `import { a } from "../wire/sse.ts";`],
  "lib/wire may not import lib/store": ["lib/wire/x.ts", `import type { A } from "../store/a.ts";`],
  "lib/store may not import lib/metrics": ["lib/store/x.ts", `export * from "../metrics/a.ts";`],
  "lib/hub may not import lib/guard": ["lib/hub/x.ts", `export { a } from "../guard/a.ts";`],
  "lib/guard may not import lib/topics": ["lib/guard/x.ts", `import "../topics/news/a.ts";`],
  "lib/topics may not import lib/http": [
    "lib/topics/news/x.ts",
    `const a = () => import("../../http/a.ts");`,
  ],
  "lib/http may not import lib/services.ts": ["lib/http/x.ts", `import a from "../services.ts";`],
  "lib/services.ts may not import routes": ["lib/services.ts", `import a from "../routes/app.ts";`],
  "lib/services.ts may not import lib/demo": ["lib/services.ts", `import a from "./demo/a.ts";`],
  "routes may not import main.ts": ["routes/x.ts", `import a from "../main.ts";`],
  "routes may not import tests": ["routes/x.ts", `import a from "../tests/support/print.ts";`],
  "main.ts may not import lib/client": ["main.ts", `import a from "./lib/client/client.js";`],
  "lib/demo may not import lib/topics": ["lib/demo/x.ts", `import a from "../topics/a.ts";`],
  "lib/client may not import lib/core": ["lib/client/x.js", `import a from "../core/position.ts";`],
  "lib/util is in no layer": ["lib/util/x.ts", ""],
  "imports a computed path": ["lib/hub/x.ts", "export const a = (b: string) => import(b);"],
};

for (const [violation, [path, source]] of Object.entries(LAYER_VIOLATIONS)) {
  Deno.test(`layerViolations() reports: ${violation}`, () => {
    assertEquals(violationsOf(layerViolations, source, path), [violation]);
  });
}

Deno.test("layerViolations() allows the own folder, lower layers, packages, and the listed folders outside", () => {
  const source =
    `import "./y.ts"; import "../wire/sse.ts"; import "../core/event.ts"; import "zod";`;
  assertEquals(violationsOf(layerViolations, source, "lib/store/x.ts"), []);
  assertEquals(
    violationsOf(layerViolations, `import "../news/a.ts";`, "lib/topics/quotes/x.ts"),
    [],
  );
  assertEquals(
    violationsOf(layerViolations, `import "./lib/demo/a.ts"; import "./routes/app.ts";`, "main.ts"),
    [],
  );
  assertEquals(
    violationsOf(layerViolations, `import "../lib/client/page/text.js";`, "routes/page/page.ts"),
    [],
  );
});

Deno.test("cycles() finds none", () => {
  assertEquals(cycles(tree), []);
});

Deno.test("cycles() reports a file that imports itself through others, types included", () => {
  const files = new Map([
    ["lib/hub/a.ts", `import { b } from "./b.ts"; import "../core/position.ts";`],
    ["lib/hub/b.ts", `import type { C } from "./c.ts";`],
    ["lib/hub/c.ts", `export { a } from "./a.ts";`],
    ["lib/hub/d.ts", `import "./a.ts"; import "./b.ts";`],
  ]);
  assertEquals(cycles(files), ["lib/hub/a.ts → lib/hub/b.ts → lib/hub/c.ts → lib/hub/a.ts"]);
});

Deno.test("importWork() finds none: nothing starts at import", () => {
  assertEquals(importWork(server), []);
});

const WORK = [
  "start();",
  "await ready;",
  "export const a = await load();",
  "export const a = createThing(1);",
  "const a = [1, open(2)];",
  "const a = { b: `${open()}` };",
  "const a = new Thing();",
  "const a = new Map([[1, new Thing()]]);",
  "const a = list.push(1);",
  "const a = clock.now();",
  "const a = z.string().meta({ id: open() });",
  "const a = Object.freeze(open());",
  "const a = tag`x`;",
  "const a = b = 1;",
  "let a = 0;",
  "export let a;",
  "if (a) b;",
  "for (const a of b) a;",
  "export default open();",
  "class A { static a = open(); }",
  "class A { static { open(); } }",
  "class A extends mixin() {}",
];

for (const source of WORK) {
  Deno.test(`importWork() reports ${source}`, () => {
    assertEquals(violationsOf(importWork, source), ["does work at import"]);
  });
}

Deno.test("importWork() allows declarations, and constants computed from constants", () => {
  const source = `
    import { z } from "zod";
    export * from "./a.ts";
    export type A = string;
    interface B { c: A }
    function count(a: number) { return z.number().min(a); }
    export const a = 1, b = -a * 2 + (a > 1 ? 3 : 4), c = /x/g, d = \`\${a}\`, e = [...[1], , "x"] as const;
    const utf8 = new TextEncoder();
    const bytes = utf8.encode("x");
    const f = Object.freeze({ a, ...{ b }, g() { return open(); } }) satisfies object;
    const names = new Set(Object.keys(f).map((each) => open(each)));
    export const Schema = z.object({ a: count(1).optional(), b: z.enum(e).nullable() }).meta({ id: "Schema" });
    export const topic = defineTopic({ name: "a", events: { Schema } });
    export const route = createRoute({ path: "/", responses: {} });
    export class Problem extends Error { static a = 1; b = open(); c() { start(); } }
    export default function () { start(); }
  `;
  assertEquals(violationsOf(importWork, source), []);
});

Deno.test("effects() finds none: time, randomness, network and process are injected", () => {
  assertEquals(effects(without(server, /^lib\/core\/clock\.ts$/)), []);
});

/** Forbidden uses, each with the reported effect. */
const EFFECTS: Readonly<Record<string, string>> = {
  "Date.now()": "Date.now",
  "new Date()": "new Date()",
  "Date()": "Date",
  "const { now } = Date": "Date",
  "Math.random()": "Math.random",
  'Math["random"]()': "Math.…",
  "performance.now()": "performance",
  "setTimeout(a, 1)": "setTimeout",
  "setInterval(a, 1)": "setInterval",
  "const a = { setTimeout }": "setTimeout",
  "crypto.randomUUID()": "crypto.randomUUID",
  "crypto.getRandomValues(a)": "crypto.getRandomValues",
  "const { randomUUID } = crypto": "crypto",
  "fetch(url)": "fetch",
  "const get = fetch": "fetch",
  "function a(b = fetch) {}": "fetch",
  "AbortSignal.timeout(1)": "AbortSignal.timeout",
  "console.log(1)": "console",
  "Deno.env.get('A')": "Deno",
  "process.env.A": "process",
  "globalThis.fetch(url)": "globalThis",
  "{ const fetch = a; } fetch(url)": "fetch",
  "function a(fetch) {} fetch(url)": "fetch",
};

for (const [use, effect] of Object.entries(EFFECTS)) {
  Deno.test(`effects() reports ${use}`, () => {
    assertEquals(violationsOf(effects, `export function f() { ${use}; }`), [`uses ${effect}`]);
  });
}

Deno.test("effects() reports imports of Node's modules, except pure functions", () => {
  assertEquals(violationsOf(effects, `import { setTimeout } from "node:timers/promises";`), [
    "imports setTimeout from node:timers/promises",
  ]);
  assertEquals(violationsOf(effects, `import * as crypto from "node:crypto";`), [
    "imports * from node:crypto",
  ]);
  assertEquals(violationsOf(effects, `import { createHash } from "node:crypto";`), []);
});

Deno.test("effects() allows a module's own names, pure functions, and types", () => {
  const source = `
    import { console } from "./console.ts";
    type Fetch = typeof fetch;
    interface A { fetch: Fetch; performance(): Deno.Addr }
    export function f({ clock, fetch, random: setTimeout }: World, a: A) {
      fetch(a); a.fetch(a); setTimeout(); console.log(a);
      const b = { fetch: 1, process: 2, self() {} };
      new Date(clock.now()).toISOString(); Date.parse(""); Date.UTC(1, 2); a instanceof Date;
      Math.floor(1); crypto.subtle.digest("SHA-256", a); AbortSignal.any([]); queueMicrotask(f);
      try { a; } catch (process) { process; }
      for (const self of [b]) self;
      return () => fetch(b);
    }
  `;
  assertEquals(violationsOf(effects, source), []);
});

Deno.test("waits() finds none: no request blocks the thread or waits for a timer (S0-11, S0-12, S0-23)", () => {
  assertEquals(waits(server), []);
});

/** Waits, each with the reported violation. */
const WAITS: Readonly<Record<string, string>> = {
  "Atomics.wait(a, 0, 0, 30_000)": "blocks with Atomics",
  "Deno.readTextFileSync(a)": "blocks with readTextFileSync",
  "execSync('sleep 30')": "blocks with execSync",
  "while (clock.now() < end) a()": "loops until a time",
  "do a(); while (world.clock.now() < end)": "loops until a time",
  "for (; now() < end;);": "loops until a time",
  "await new Promise((resolve) => clock.after(30_000, resolve))": "waits by a timer",
  "world.clock.every(500, a)": "waits by a timer",
  "const { after } = clock": "waits by a timer",
  "const { clock: { every } } = world": "waits by a timer",
};

for (const [use, violation] of Object.entries(WAITS)) {
  Deno.test(`waits() reports ${use} (S0-23)`, () => {
    const source = `export async function f() { ${use}; }`;
    assertEquals(violationsOf(waits, source, "routes/x.ts"), [violation]);
  });
}

Deno.test("waits() allows timers below lib/http, and `every()` of lists anywhere", () => {
  assertEquals(violationsOf(waits, "export const f = (clock: A) => clock.every(1, g);"), []);
  const source = `
    export function f(list: A, { after }: Query, clock: Clock) {
      return list.every(g) && clock.now() && after && loadSynced(list.sync);
    }
  `;
  assertEquals(violationsOf(waits, source, "lib/http/x.ts"), []);
});

Deno.test("strayRedis() finds none: only store/redis/ imports Upstash's client", () => {
  assertEquals(strayRedis(tree), []);
});

Deno.test("strayRedis() reports every other file", () => {
  const source = `import { Redis } from "@upstash/redis";`;
  assertEquals(violationsOf(strayRedis, source, "lib/store/lease.ts"), [
    "only store/redis/ may import @upstash/redis",
  ]);
  assertEquals(violationsOf(strayRedis, `import "npm:@upstash/redis@1/cloudflare";`).length, 1);
  assertEquals(violationsOf(strayRedis, source, "lib/store/redis/lease.ts"), []);
});

/** Asserts that a rule finds at most as many violations as it allows. */
function assertAtMost(violations: readonly string[], most: number): void {
  assert(
    violations.length <= most,
    `${violations.length}, at most ${most}:\n${violations.join("\n")}`,
  );
}

Deno.test("sharedNames() finds none: a top-level name is defined in one file", () => {
  assertEquals(sharedNames(tree), []);
});

Deno.test("sharedNames() reports names of any kind, exported or not", () => {
  const files = new Map([
    ["lib/hub/a.ts", "export interface A {} const b = 1; function c() {} type D = 1; class E {}"],
    ["lib/hub/b.ts", "type A = 1; const { b } = x; function c() {} let D; class E {} const f = 2;"],
  ]);
  assertEquals(
    sharedNames(files),
    ["A", "b", "c", "D", "E"].map((name) =>
      `lib/hub/a.ts, lib/hub/b.ts: ${name} is defined more than once`
    ),
  );
});

Deno.test("misnamedLimits() finds none: a limit is MAX_…", () => {
  assertEquals(misnamedLimits(tree), []);
});

Deno.test("misnamedLimits() reports MOST_…", () => {
  assertEquals(violationsOf(misnamedLimits, "const MOST_EVENTS = 1;"), [
    "MOST_EVENTS is called MAX_EVENTS",
  ]);
  assertEquals(violationsOf(misnamedLimits, "const MAX_EVENTS = 1;"), []);
});

Deno.test("docstrings() finds few: 19 of 20 docstrings begin with a subject or a verb, and all of the hub's", () => {
  const { count, vague } = docstrings(tree);
  assertAtMost(vague, count / 20);
  const ofHub = vague.filter((each) => each.startsWith("lib/hub/"));
  assertAtMost(ofHub, 0);
});

Deno.test("docstrings() reports question words at the beginning", () => {
  const source =
    "/** What it is. */\n/** Who it is. */\n/**\n * How it is.\n */\n/** Is. */\n/** @module */";
  const { count, vague } = docstrings(new Map([["a.ts", source]]));
  assertEquals([count, vague.map((each) => each.slice(0, 6))], [4, ["a.ts:1", "a.ts:2", "a.ts:3"]]);
});

Deno.test("wallTimeMath() finds none: intervals are monotonic", () => {
  assertEquals(wallTimeMath(tree), []);
});

/** Calculations with wall time. */
const WALL_TIME_MATH = [
  "clock.now() - at;",
  "if (this.#clock.now() >= at) f();",
  "const now = runtime.clock.now(); f(now < at);",
  "let at = 0; at = clock.now(); clock.after(at - begun, f);",
  "this.#at = clock.now(); f(this.#at + 1);",
  "function f(at = clock.now()) { return at - 1; }",
  "total += clock.now();",
  "f(Date.now() - at);",
];

for (const source of WALL_TIME_MATH) {
  Deno.test(`wallTimeMath() reports ${source}`, () => {
    const violation = "calculates with now(): intervals use elapsed()";
    assertEquals(violationsOf(wallTimeMath, source), [violation]);
    assertEquals(violationsOf(wallTimeMath, source.replaceAll("now()", "elapsed()")), []);
  });
}

Deno.test("wallTimeMath() allows wall time that is shown, stored or passed on", () => {
  assertEquals(
    violationsOf(wallTimeMath, "f(isoTime(clock.now()), { at: clock.now() }); g(1 - b);"),
    [],
  );
  assertEquals(violationsOf(wallTimeMath, "performance.now() - at"), []);
});

Deno.test("needlessWallTime() finds none: every listed file needs wall time", () => {
  assertEquals(needlessWallTime(tree), []);
});

Deno.test("longFiles() finds none: a long file has a reason", () => {
  assertEquals(longFiles(tree), []);
});

Deno.test("longFiles() reports files of more than 400 lines", () => {
  assertEquals(violationsOf(longFiles, "\n".repeat(401)), [
    "401 lines, above 400 without a reason",
  ]);
  assertEquals(violationsOf(longFiles, "\n".repeat(400)), []);
});

Deno.test("crowdedFiles() finds none: a file exports one class or factory", () => {
  assertEquals(crowdedFiles(tree), []);
});

Deno.test("crowdedFiles() reports a second class or factory, except errors", () => {
  const source = "export function createA() {} export class AError {} function createB() {}";
  assertEquals(violationsOf(crowdedFiles, source), []);
  assertEquals(violationsOf(crowdedFiles, `${source} export class C {}`), ["exports createA, C"]);
});

Deno.test("fragments() finds none: a small file with one importer belongs in it", () => {
  assertEquals(fragments(tree), []);
});

Deno.test("fragments() reports small files with one importer, except routes and the like", () => {
  const files = new Map([
    ["lib/hub/a.ts", 'import "./b.ts"; import "./c.ts"; import "./d.ts";'],
    ["lib/hub/b.ts", 'import "./c.ts";'],
    ["lib/hub/c.ts", ""],
    ["lib/hub/d.ts", "\n".repeat(60)],
    ["routes/app.ts", 'import "./x.ts";'],
    ["routes/x.ts", ""],
  ]);
  assertEquals(fragments(files), ["lib/hub/b.ts: a fragment of lib/hub/a.ts"]);
});

/** It may only be lowered. */
const MAX_HUB_LINES = 2300;

Deno.test("the hub has at most 16 files and MAX_HUB_LINES lines", () => {
  const { files, lines } = sizeOf(tree, "lib/hub");
  assert(files <= 16 && lines <= MAX_HUB_LINES, `${files} files, ${lines} lines`);
});

Deno.test("strayTopics() finds none: no layer below topics/ names a topic", () => {
  assertEquals(strayTopics(tree), []);
});

Deno.test("strayTopics() reports literals and the beginnings of templates, below topics/ only", () => {
  const source = 'f("tasks", "sessions/*", `events/${a}`, "newspaper", "events"); type A = "news";';
  assertEquals(violationsOf(strayTopics, source), [
    "names the topic tasks",
    "names the topic sessions/*",
    "names the topic events/",
  ]);
  assertEquals(violationsOf(strayTopics, source, "lib/topics/x.ts"), []);
});
