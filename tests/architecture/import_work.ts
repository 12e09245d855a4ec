/**
 * Nothing starts at import: the top level of a module declares, and computes constants from constants.
 *
 * @module
 */
import { type Files, placeOf, walk } from "./source.ts";

/** Functions that may compute a constant, besides those of its own module. */
const CALLEES: ReadonlySet<string> = new Set([
  ...["defineTopic", "createRoute", "Number", "String", "BigInt", "Symbol", "import.meta.resolve"],
  ...["Object.freeze", "Object.entries", "Object.keys", "Object.values", "Object.fromEntries"],
  // Ours, which declare the responses and the input of a route.
  ...["problems", "streamContent", "limitBody"],
  // Hono's, which create a handler.
  ...["secureHeaders", "cors", "etag"],
  ...["Array.from", "Array.of", "Math.min", "Math.max", "Math.round", "JSON.stringify"],
]);

/** Pure methods of lists, strings and zod schemas. */
const METHODS: ReadonlySet<string> = new Set([
  ...["toLowerCase", "toUpperCase"],
  ...["map", "flatMap", "filter", "concat", "slice", "flat", "join", "split", "replaceAll", "keys"],
  ...["entries", "values", "includes", "toSorted", "at", "trim", "repeat", "encode"],
  ...[
    "array",
    "nullable",
    "optional",
    "nullish",
    "default",
    "catch",
    "meta",
    "describe",
    "extend",
    "omit",
  ],
  ...[
    "pick",
    "partial",
    "required",
    "strict",
    "regex",
    "refine",
    "transform",
    "pipe",
    "min",
    "max",
  ],
  ...[
    "positive",
    "nonnegative",
    "openapi",
    "readonly",
    "or",
    "and",
    "int",
    "length",
    "exclude",
    "extract",
    "superRefine",
  ],
]);

const CLASSES: ReadonlySet<string> = new Set([
  ...["Set", "Map", "WeakMap", "WeakSet", "TextEncoder", "TextDecoder", "RegExp", "URL", "Headers"],
  ...["Uint8Array", "Intl.NumberFormat", "Intl.DateTimeFormat"],
]);

/** Returns `a.b.c` for a plain chain of names, "" for anything else. */
function dotted(node: Deno.lint.Node): string {
  if (node.type === "Identifier") return node.name;
  if (node.type === "MetaProperty") return "import.meta";
  if (node.type !== "MemberExpression" || node.computed) return "";
  const object = dotted(node.object);
  return object && node.property.type === "Identifier" ? `${object}.${node.property.name}` : "";
}

/** Creates a check for declarations. @param own The names of the module's own functions. */
function createDeclarationCheck(own: ReadonlySet<string>) {
  function isPure(node: Deno.lint.Node | null): boolean {
    switch (node?.type) {
      case undefined: // a hole in a list
      case "Identifier":
      case "Literal":
      case "MetaProperty":
      case "ArrowFunctionExpression":
      case "FunctionExpression":
        return true;
      case "TemplateLiteral":
        return node.expressions.every(isPure);
      case "ArrayExpression":
        return node.elements.every(isPure);
      case "ObjectExpression":
        return node.properties.every(isPure);
      case "Property":
        return isPure(node.key) && isPure(node.value);
      case "SpreadElement":
        return isPure(node.argument);
      case "UnaryExpression":
        return node.operator !== "delete" && isPure(node.argument);
      case "BinaryExpression":
      case "LogicalExpression":
        return isPure(node.left) && isPure(node.right);
      case "ConditionalExpression":
        return [node.test, node.consequent, node.alternate].every(isPure);
      case "MemberExpression":
        return isPure(node.object) && (!node.computed || isPure(node.property));
      case "ChainExpression":
      case "TSAsExpression":
      case "TSSatisfiesExpression":
      case "TSNonNullExpression":
        return isPure(node.expression);
      case "NewExpression":
        return CLASSES.has(dotted(node.callee)) && node.arguments.every(isPure);
      case "CallExpression":
        return isPureCallee(node.callee) && node.arguments.every(isPure);
      case "ClassExpression":
        return isPureClass(node);
      default:
        return false;
    }
  }

  function isPureCallee(callee: Deno.lint.Node): boolean {
    const name = dotted(callee);
    if (CALLEES.has(name) || own.has(name) || name.startsWith("z.")) return true;
    if (callee.type !== "MemberExpression" || callee.computed) return false;
    return callee.property.type === "Identifier" && METHODS.has(callee.property.name) &&
      isPure(callee.object);
  }

  function isPureClass(node: Deno.lint.ClassDeclaration | Deno.lint.ClassExpression): boolean {
    return isPure(node.superClass) && node.body.body.every((member) => {
      if (member.type === "StaticBlock") return false;
      return member.type !== "PropertyDefinition" || !member.static || isPure(member.value);
    });
  }

  function isDeclaration(node: Deno.lint.Node | null): boolean {
    switch (node?.type) {
      case undefined:
      case "ImportDeclaration":
      case "ExportAllDeclaration":
      case "FunctionDeclaration":
      case "TSDeclareFunction":
      case "TSInterfaceDeclaration":
      case "TSTypeAliasDeclaration":
        return true;
      case "ExportNamedDeclaration":
        return isDeclaration(node.declaration);
      case "ExportDefaultDeclaration":
        return isDeclaration(node.declaration) || isPure(node.declaration);
      case "ClassDeclaration":
        return isPureClass(node);
      case "VariableDeclaration":
        return node.kind === "const" && node.declarations.every(({ init }) => isPure(init));
      default:
        return false;
    }
  }
  return isDeclaration;
}

/** Returns every top-level statement that does more than declare. */
export function importWork(files: Files): string[] {
  const violations: string[] = [];
  for (const [path, source] of files) {
    walk(path, source, {
      Program(program) {
        const declarations = program.body.map((node) =>
          node.type === "ExportNamedDeclaration" ? node.declaration : node
        );
        const own = declarations.flatMap((node) =>
          node?.type === "FunctionDeclaration" && node.id ? [node.id.name] : []
        );
        const isDeclaration = createDeclarationCheck(new Set(own));
        for (const node of program.body) {
          if (isDeclaration(node)) continue;
          violations.push(`${placeOf(path, source, node)}: does work at import`);
        }
      },
    });
  }
  return violations;
}
