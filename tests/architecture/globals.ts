/**
 * Effects are injected: modules use no global time, randomness, network or process.
 *
 * @module
 */
import { factsOf } from "./facts.ts";
import { boundNames, type Files, type Node, placeOf, walk } from "./source.ts";

/** Globals that no module may name. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  ...["setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "performance"],
  ...["fetch", "XMLHttpRequest", "WebSocket", "EventSource", "Worker", "BroadcastChannel"],
  ...[
    "console",
    "Deno",
    "process",
    "globalThis",
    "self",
    "window",
    "localStorage",
    "caches",
    "Temporal",
  ],
  ...["eval", "Function", "alert", "prompt", "confirm"],
]);

/** Globals of which only some members may be used. */
const ONLY: ReadonlyMap<string, RegExp> = new Map([
  ["crypto", /^subtle$/],
  ["Math", /^(?!random$)/],
  ["Date", /^(?!now$)/],
  ["AbortSignal", /^(?!timeout$)/],
]);

/** Names that may be imported from Node's modules: pure functions and classes. */
const NODE_NAMES: ReadonlySet<string> = new Set([
  ...["createHash", "createHmac"],
  ...["brotliCompress", "gzip"],
  ...["BlockList", "isIP"],
]);

function parentOf(node: Node): Node | null {
  return "parent" in node ? node.parent : null;
}

/** Returns a key for a node, valid after the walk. */
function keyOf(node: Node): string {
  return `${node.type}@${node.range.join("-")}`;
}

const SCOPES =
  /^(?:Program|BlockStatement|For\w*Statement|SwitchStatement|CatchClause|StaticBlock)$|Function/;

function scopesOf(node: Node): string[] {
  const scopes: string[] = [];
  for (let each = parentOf(node); each; each = parentOf(each)) {
    if (SCOPES.test(each.type)) scopes.push(keyOf(each));
  }
  return scopes;
}

const EXPRESSIONS = /^TS(?:As|Satisfies|NonNull|Instantiation)Expression$/;

/** True if a name refers to a value, not to a field, a key, a type or a declaration. */
function isReference(node: Deno.lint.Identifier): boolean {
  const parent = parentOf(node);
  switch (parent?.type) {
    case undefined:
    case "ImportSpecifier":
    case "ImportDefaultSpecifier":
    case "ImportNamespaceSpecifier":
    case "MetaProperty":
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return false;
    case "MemberExpression":
      return parent.computed || keyOf(parent.object) === keyOf(node);
    case "Property":
    case "PropertyDefinition":
    case "MethodDefinition":
      return parent.computed || keyOf(parent.key) !== keyOf(node) ||
        parent.type === "Property" && parent.shorthand;
    default:
      return !parent?.type.startsWith("TS") || EXPRESSIONS.test(parent.type);
  }
}

/** Returns the forbidden effect of a use of a global, or null if the use is allowed. */
function effectOf(node: Deno.lint.Identifier): string | null {
  const { name } = node;
  if (FORBIDDEN.has(name)) return name;
  const only = ONLY.get(name);
  const parent = parentOf(node);
  if (!only || !parent) return null;
  if (parent.type === "MemberExpression") {
    const { property, computed } = parent;
    const member = !computed && property.type === "Identifier" ? property.name : "";
    return member && only.test(member) ? null : `${name}.${member || "…"}`;
  }
  if (name === "Date") {
    if (parent.type === "NewExpression") return parent.arguments.length === 0 ? "new Date()" : null;
    // `instanceof Date` reads no clock.
    if (parent.type === "BinaryExpression") return null;
  }
  // The object itself is passed on or destructured, so its uses cannot be checked.
  return parent.type === "BinaryExpression" && name === "AbortSignal" ? null : name;
}

/** Returns uses of effects that the runtime injects. A name that the module declares is its own. */
export function effects(files: Files): string[] {
  return [...files].flatMap(([path, source]) => [
    ...effectsOf(path, source),
    ...factsOf(path, source).imports
      .filter(({ specifier }) => specifier.startsWith("node:"))
      .filter(({ names }) => !names.every((name) => NODE_NAMES.has(name)))
      .map(({ at, specifier, names }) => `${at}: imports ${names.join(", ")} from ${specifier}`),
  ]);
}

function effectsOf(path: string, source: string): string[] {
  const bound = new Map<string, Set<string>>();
  // By range, since the shorthand `{ fetch }` is both a key and a value.
  const uses = new Map<string, { name: string; scopes: readonly string[]; violation: string }>();

  function bind(scope: string | undefined, names: readonly string[]): void {
    if (scope !== undefined) bound.set(scope, new Set([...bound.get(scope) ?? [], ...names]));
  }
  function bindAround(node: Node, names: readonly string[]): void {
    bind(scopesOf(node)[0], names);
  }
  function bindParameters(node: Node & { readonly params: readonly Node[] }): void {
    bind(keyOf(node), node.params.flatMap(boundNames));
  }
  walk(path, source, {
    VariableDeclarator: (node) => bindAround(node, boundNames(node.id)),
    FunctionDeclaration(node) {
      bindAround(node, boundNames(node.id));
      bindParameters(node);
    },
    FunctionExpression: bindParameters,
    ArrowFunctionExpression: bindParameters,
    ClassDeclaration: (node) => bindAround(node, boundNames(node.id)),
    CatchClause: (node) => bind(keyOf(node), boundNames(node.param)),
    ImportSpecifier: (node) => bindAround(node, [node.local.name]),
    ImportDefaultSpecifier: (node) => bindAround(node, [node.local.name]),
    ImportNamespaceSpecifier: (node) => bindAround(node, [node.local.name]),
    Identifier(node) {
      const effect = isReference(node) ? effectOf(node) : null;
      if (!effect) return;
      const violation = `${placeOf(path, source, node)}: uses ${effect}`;
      uses.set(keyOf(node), { name: node.name, scopes: scopesOf(node), violation });
    },
  });
  // After the walk, since a name may be declared after its use.
  return [...uses.values()]
    .filter(({ name, scopes }) => !scopes.some((scope) => bound.get(scope)?.has(name)))
    .map(({ violation }) => violation);
}
