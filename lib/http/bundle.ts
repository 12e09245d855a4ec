/**
 * Several modules of the browser's floor as one: a page asks once, not once a file and level.
 *
 * Nothing is built beforehand and nothing is renamed: imports of modules that lie in a folder give way to what they import, and
 * lines that are comments alone are left out. So the names at the top of modules that come together have to differ. Style
 * sheets come together the same way.
 *
 * @module
 */

/** Reads a module, by its path below `lib/client/`. */
export type ReadModule = (path: string) => Promise<string>;

/** Blocks and lines that hold nothing but a comment. */
const COMMENTS = /^[ \t]*(?:\/\*\*(?:(?!\*\/)[^])*\*\/|\/\/.*)[ \t]*\n/gm;
const STYLE_COMMENTS = /^[ \t]*\/\*(?:(?!\*\/)[^])*\*\/[ \t]*\n/gm;
/** Leading blanks and empty lines mean nothing. */
const INDENTS = /^\s+/gm;
/** `import … from "…";` and `export … from "…";`, over several lines too. */
const IMPORTS = /^(import|export) (?:(\{[^}]*\}|\w+) from )?"([^"]+)";\n/gm;
/** `@import "…";` of a style sheet. */
const STYLE_IMPORTS = /^@import "([^"]+)";\n/gm;

/** Packages that we serve, with where they are: what imports one by its name imports it from there. */
const PACKAGES: ReadonlyMap<string, string> = new Map([["uplot", "/page/uplot.js"]]);

/** Whether a module is of those that are put into who imports it. */
function isInner(path: string): boolean {
  return path.includes("/");
}

/**
 * One module that does what `entry` and those it imports do.
 *
 * @param entry Its path below `lib/client/`. What it imports from elsewhere it goes on importing.
 */
export async function bundle(entry: string, read: ReadModule): Promise<string> {
  const seen = new Set([entry]);

  async function inline(path: string): Promise<string> {
    const source = (await read(path)).replace(COMMENTS, "").replace(INDENTS, "");
    let before = "";
    const kept: string[] = [];
    for (const [statement, keyword, names = "", specifier = ""] of source.matchAll(IMPORTS)) {
      const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
      if (!specifier.startsWith(".") || !isInner(target)) {
        const served = PACKAGES.get(specifier) ?? specifier;
        kept.push(statement.replace(`"${specifier}"`, () => `"${served}"`));
        continue;
      }
      if (keyword === "export") kept.push(`export ${names};\n`);
      if (seen.has(target)) continue;
      seen.add(target);
      before += await inline(target);
    }
    const body = source.replace(IMPORTS, "").replace(/^\n+/, "");
    const own = path === entry ? body : body.replace(/^export (?!\{)/gm, "");
    return kept.join("") + before + own;
  }

  return await inline(entry);
}

/** One style sheet with all that `entry` imports, before it. @param entry Its path below `lib/client/`. */
export async function bundleStyles(entry: string, read: ReadModule): Promise<string> {
  const source = (await read(entry)).replace(STYLE_COMMENTS, "").replace(INDENTS, "");
  let before = "";
  for (const [_, specifier = ""] of source.matchAll(STYLE_IMPORTS)) {
    before += await bundleStyles(new URL(specifier, `file:///${entry}`).pathname.slice(1), read);
  }
  return before + source.replace(STYLE_IMPORTS, "");
}
