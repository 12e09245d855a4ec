/**
 * No request waits: nothing blocks the one thread, and no route sleeps until something may have happened.
 *
 * @module
 */
import { type Files, placeOf, walk } from "./source.ts";

/** Where requests are answered: what waits there, a client waits for. */
const REQUEST_PATH = /^(?:routes|lib\/http)\//;

/** How a clock waits. */
const TIMERS: ReadonlySet<string> = new Set(["after", "every"]);

type Node = Deno.lint.Node;

function nameOf(node: Node | null): string {
  if (node?.type === "Identifier") return node.name;
  if (node?.type === "MemberExpression") return nameOf(node.property);
  return "";
}

/** The names of an object pattern, whatever they are bound to. */
function takenBy(node: Node | null): string[] {
  if (node?.type !== "ObjectPattern") return [];
  return node.properties.map((each) => each.type === "Property" ? nameOf(each.key) : "");
}

/** Every wait of a module, with where it stands. */
export function waits(files: Files): string[] {
  return [...files].flatMap(([path, source]) => waitsOf(path, source));
}

function waitsOf(path: string, source: string): string[] {
  const complaints: string[] = [];
  function complain(node: Node, words: string): void {
    complaints.push(`${placeOf(path, source, node)}: ${words}`);
  }

  /** A loop that asks for the time before each turn. */
  function checkLoop(node: Node & { readonly test: Node | null }): void {
    const { test } = node;
    const condition = test ? source.slice(...test.range) : "";
    if (/\bnow\(\)/.test(condition)) complain(node, "loops until a time");
  }

  /** A clock that is taken apart. */
  function checkTaken(from: string, pattern: Node | null): void {
    if (!REQUEST_PATH.test(path) || !/^clock$/i.test(from) || pattern === null) return;
    if (takenBy(pattern).some((name) => TIMERS.has(name))) complain(pattern, "waits by a timer");
  }

  walk(path, source, {
    Identifier(node) {
      if (node.name === "Atomics") complain(node, "blocks with Atomics");
      if (/[a-z]Sync$/.test(node.name)) complain(node, `blocks with ${node.name}`);
    },
    WhileStatement: checkLoop,
    DoWhileStatement: checkLoop,
    ForStatement: checkLoop,
    MemberExpression(node) {
      if (!REQUEST_PATH.test(path) || !/clock$/i.test(nameOf(node.object))) return;
      if (TIMERS.has(nameOf(node.property))) complain(node, "waits by a timer");
    },
    VariableDeclarator: (node) => checkTaken(nameOf(node.init), node.id),
    Property: (node) => checkTaken(nameOf(node.key), node.value),
  });
  return complaints;
}
