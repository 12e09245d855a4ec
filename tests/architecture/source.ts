/**
 * The source of the project, parsed by Deno's linter.
 *
 * @module
 */

/** Modules: the source by the path from the root of the project. */
export type Files = ReadonlyMap<string, string>;

/** Walks the syntax of one module. Nodes are valid during the walk only. */
export function walk(path: string, source: string, visitor: Deno.lint.LintVisitor): void {
  const plugin: Deno.lint.Plugin = {
    name: "architecture",
    rules: { rule: { create: () => visitor } },
  };
  Deno.lint.runPlugin(plugin, path, source);
}

/** Returns the file and line of a node, in the form that editors link to. */
export function placeOf(path: string, source: string, node: Deno.lint.Node): string {
  return `${path}:${source.slice(0, node.range[0]).split("\n").length}`;
}

/** One import or re-export of a module. */
export interface Import {
  readonly at: string;
  readonly specifier: string;
  /** The imported names, `*` for all. */
  readonly names: readonly string[];
}

function nameOf(node: Deno.lint.Identifier | Deno.lint.StringLiteral): string {
  return node.type === "Identifier" ? node.name : node.value;
}

/**
 * Visits the imports of a module, and adds them to a list: types, `import()` and re-exports too. A computed one has the
 * specifier "".
 */
export function importsIn(path: string, source: string, imports: Import[]): Deno.lint.LintVisitor {
  function add(node: Deno.lint.Node, specifier: string, names: readonly string[]): void {
    imports.push({ at: placeOf(path, source, node), specifier, names });
  }
  return {
    ImportDeclaration(node) {
      const names = node.specifiers.map((each) =>
        each.type === "ImportSpecifier" ? nameOf(each.imported) : "*"
      );
      add(node, node.source.value, names);
    },
    ExportNamedDeclaration(node) {
      if (!node.source) return;
      add(node, node.source.value, node.specifiers.map((each) => nameOf(each.local)));
    },
    ExportAllDeclaration: (node) => add(node, node.source.value, ["*"]),
    ImportExpression(node) {
      const { source: from } = node;
      add(node, from.type === "Literal" && typeof from.value === "string" ? from.value : "", ["*"]);
    },
  };
}

/** Returns the path of a relative specifier, or null for a package. */
export function targetOf(path: string, specifier: string): string | null {
  if (!specifier.startsWith(".")) return null;
  return new URL(specifier, `file:///${path}`).pathname.slice(1);
}

/** Reads every module of the given folders and files. Paths that do not exist are skipped. */
export async function readFiles(root: URL, names: readonly string[]): Promise<Files> {
  const files = new Map<string, string>();
  async function read(path: string): Promise<void> {
    const url = new URL(path, root);
    const info = await Deno.stat(url).catch((error: unknown) => {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    });
    if (info?.isDirectory) {
      for await (const { name } of Deno.readDir(url)) await read(`${path}/${name}`);
    } else if (info && /\.[jt]sx?$/.test(path)) {
      files.set(path, await Deno.readTextFile(url));
    }
  }
  for (const name of names) await read(name);
  return files;
}

/** A node of a syntax tree. */
export type Node = Deno.lint.Node | Deno.lint.TSParameterProperty;

/** Returns the names that a pattern binds. */
export function boundNames(node: Node | null): string[] {
  switch (node?.type) {
    case "Identifier":
      return [node.name];
    case "ObjectPattern":
      return node.properties.flatMap((each) =>
        boundNames(each.type === "Property" ? each.value : each)
      );
    case "ArrayPattern":
      return node.elements.flatMap(boundNames);
    case "AssignmentPattern":
      return boundNames(node.left);
    case "RestElement":
      return boundNames(node.argument);
    case "TSParameterProperty":
      return boundNames(node.parameter);
    default:
      return [];
  }
}
