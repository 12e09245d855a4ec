/**
 * Facts about one module, taken from its syntax in one walk.
 *
 * @module
 */
import { boundNames, type Files, type Import, importsIn, placeOf, walk } from "./source.ts";

type Node = Deno.lint.Node;

/** A name that a module defines at its top level. */
export interface Definition {
  readonly name: string;
  readonly kind: "function" | "class" | "value" | "type";
  readonly isExported: boolean;
}

/** Facts about one module. */
export interface Facts {
  readonly imports: readonly Import[];
  readonly definitions: readonly Definition[];
  /** String literals that are values, with file and line: no specifiers, no types. */
  readonly strings: readonly { readonly at: string; readonly value: string }[];
  /** Places where wall time is compared or calculated with. */
  readonly wallTimeMath: readonly string[];
}

const known = new Map<string, Facts>();

/** Returns the facts about a module. A source is parsed once for all rules. */
export function factsOf(path: string, source: string): Facts {
  const key = `${path}\n${source}`;
  const facts = known.get(key) ?? collect(path, source);
  known.set(key, facts);
  return facts;
}

/** Returns the facts about all modules, by path. */
export function allFacts(files: Files): Map<string, Facts> {
  return new Map([...files].map(([path, source]) => [path, factsOf(path, source)]));
}

function definitionsOf(statement: Node): Definition[] {
  const isExported = statement.type === "ExportNamedDeclaration";
  const node = isExported ? statement.declaration : statement;
  const define = (kind: Definition["kind"], names: readonly string[]) =>
    names.map((name) => ({ name, kind, isExported }));
  switch (node?.type) {
    case "FunctionDeclaration":
      return define("function", boundNames(node.id));
    case "ClassDeclaration":
      return define("class", boundNames(node.id));
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
      return define("type", boundNames(node.id));
    case "VariableDeclaration":
      return define("value", node.declarations.flatMap(({ id }) => boundNames(id)));
    default:
      return [];
  }
}

/** The last name of `a`, `this.a`, `b.a` or `b.#a`: the name that a time is stored under. */
function lastName(node: Node): string {
  if (node.type === "Identifier" || node.type === "PrivateIdentifier") return node.name;
  if (node.type === "MemberExpression" && !node.computed) return lastName(node.property);
  return "";
}

/** True for `….now()`, unless it is monotonic because it is `performance`'s. */
function isWallTime(node: Node): boolean {
  if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression") return false;
  return lastName(node.callee) === "now" && lastName(node.callee.object) !== "performance";
}

const MATH: ReadonlySet<string> = new Set(["+", "-", "*", "/", "%", "<", ">", "<=", ">="]);

/** Collects the places where wall time, or a name it was assigned to, is an operand. */
function createWallTimeWatch(path: string, source: string) {
  const names = new Set<string>();
  const operands: { readonly at: string; readonly isTime: boolean; readonly name: string }[] = [];

  function assign(target: string, value: Node | null): void {
    if (value !== null && target !== "" && isWallTime(value)) names.add(target);
  }

  return {
    visitor: {
      VariableDeclarator(node) {
        if (node.id.type === "Identifier") assign(node.id.name, node.init);
      },
      AssignmentExpression(node) {
        assign(lastName(node.left), node.right);
        if (node.operator !== "=" && isWallTime(node.right)) {
          operands.push({ at: placeOf(path, source, node), isTime: true, name: "" });
        }
      },
      AssignmentPattern: (node) => assign(lastName(node.left), node.right),
      BinaryExpression(node) {
        if (!MATH.has(node.operator)) return;
        for (const each of [node.left, node.right]) {
          const isTime = isWallTime(each);
          operands.push({ at: placeOf(path, source, node), isTime, name: lastName(each) });
        }
      },
    } satisfies Deno.lint.LintVisitor,
    // After the walk, since a name may be assigned below its use.
    found: () =>
      operands.filter(({ isTime, name }) => isTime || names.has(name)).map(({ at }) => at),
  };
}

function collect(path: string, source: string): Facts {
  const imports: Import[] = [];
  const definitions: Definition[] = [];
  const strings: { at: string; value: string }[] = [];
  const wallTime = createWallTimeWatch(path, source);

  function take(node: Node, value: string): void {
    const around = "parent" in node ? node.parent?.type ?? "" : "";
    if (/^(?:Import|Export|TSLiteralType)/.test(around)) return;
    strings.push({ at: placeOf(path, source, node), value });
  }

  walk(path, source, {
    ...importsIn(path, source, imports),
    ...wallTime.visitor,
    Program: (node) => void definitions.push(...node.body.flatMap(definitionsOf)),
    Literal(node) {
      if (typeof node.value === "string") take(node, node.value);
    },
    TemplateLiteral: (node) => take(node, node.quasis[0]?.cooked ?? ""),
  });
  return { imports, definitions, strings, wallTimeMath: [...new Set(wallTime.found())] };
}
