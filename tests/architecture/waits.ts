/**
 * No request waits: nothing blocks the thread, and no route uses a timer.
 *
 * @module
 */
import { type Files, placeOf, walk } from "./source.ts";

/** The code that answers requests: a wait in it delays a client. */
const REQUEST_PATH = /^(?:routes|lib\/http)\//;

/** Methods of a clock that wait. */
const TIMERS: ReadonlySet<string> = new Set(["after", "every"]);

type Node = Deno.lint.Node;

function nameOf(node: Node | null): string {
  if (node?.type === "Identifier") return node.name;
  if (node?.type === "MemberExpression") return nameOf(node.property);
  return "";
}

/** Returns the keys of an object pattern. */
function keysOf(node: Node | null): string[] {
  if (node?.type !== "ObjectPattern") return [];
  return node.properties.map((each) => each.type === "Property" ? nameOf(each.key) : "");
}

/** Returns every wait, with its file and line. */
export function waits(files: Files): string[] {
  return [...files].flatMap(([path, source]) => waitsOf(path, source));
}

function waitsOf(path: string, source: string): string[] {
  const violations: string[] = [];
  function report(node: Node, words: string): void {
    violations.push(`${placeOf(path, source, node)}: ${words}`);
  }

  /** Reports a loop whose condition reads the time. */
  function checkLoop(node: Node & { readonly test: Node | null }): void {
    const { test } = node;
    const condition = test ? source.slice(...test.range) : "";
    if (/\bnow\(\)/.test(condition)) report(node, "loops until a time");
  }

  /** Reports a clock whose timers are destructured. */
  function checkPattern(from: string, pattern: Node | null): void {
    if (!REQUEST_PATH.test(path) || !/^clock$/i.test(from) || pattern === null) return;
    if (keysOf(pattern).some((name) => TIMERS.has(name))) report(pattern, "waits by a timer");
  }

  walk(path, source, {
    Identifier(node) {
      if (node.name === "Atomics") report(node, "blocks with Atomics");
      if (/[a-z]Sync$/.test(node.name)) report(node, `blocks with ${node.name}`);
    },
    WhileStatement: checkLoop,
    DoWhileStatement: checkLoop,
    ForStatement: checkLoop,
    MemberExpression(node) {
      if (!REQUEST_PATH.test(path) || !/clock$/i.test(nameOf(node.object))) return;
      if (TIMERS.has(nameOf(node.property))) report(node, "waits by a timer");
    },
    VariableDeclarator: (node) => checkPattern(nameOf(node.init), node.id),
    Property: (node) => checkPattern(nameOf(node.key), node.value),
  });
  return violations;
}
