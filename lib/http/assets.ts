/**
 * Files that ship with the code: bundled and compressed once, on the first request.
 *
 * Nothing is built beforehand and nothing is renamed. A bundle puts the modules of a folder in the place of their imports
 * and leaves out lines that are comments alone, so a page sends one request instead of one for each file and level. The
 * top-level names of modules that share a bundle must therefore differ. Style sheets are bundled in the same way.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { brotliCompress, gzip } from "node:zlib";
import type { Runtime } from "../core/runtime.ts";
import type { AppEnv } from "./client_address.ts";
import { etagMatches, etagOf } from "./etag.ts";
import { route, type Router } from "./route.ts";

/** One file. */
export interface Asset {
  /** Its path below `lib/client/`, which is the path it is served at. */
  readonly path: string;
  /** Its content type. */
  readonly type: string;
  /** Reads it, if it does not lie below `lib/client/`. */
  readonly read?: () => Promise<string>;
}

/** Files of one kind. */
export interface AssetGroup {
  /** One line of the API's document. */
  readonly summary: string;
  readonly files: readonly Asset[];
  /** Sets headers of every answer. */
  readonly headers: MiddlewareHandler<AppEnv>;
}

/** Reads a module, by its path below `lib/client/`. */
export type ReadModule = (path: string) => Promise<string>;

/** Blocks and lines that are comments alone. */
const COMMENTS = /^[ \t]*(?:\/\*\*(?:(?!\*\/)[^])*\*\/|\/\/.*)[ \t]*\n/gm;
const STYLE_COMMENTS = /^[ \t]*\/\*(?:(?!\*\/)[^])*\*\/[ \t]*\n/gm;
/** Leading blanks and empty lines. */
const INDENTS = /^\s+/gm;
/** `import … from "…";` and `export … from "…";`, over several lines too. */
const IMPORTS = /^(import|export) (?:(\{[^}]*\}|\w+) from )?"([^"]+)";\n/gm;
/** `@import "…";` of a style sheet. */
const STYLE_IMPORTS = /^@import "([^"]+)";\n/gm;

/** THE LIST of packages that are served, with their paths. An import by name becomes an import from that path. */
const PACKAGES: ReadonlyMap<string, string> = new Map([["uplot", "/page/uplot.js"]]);

/** Returns true for a module that is bundled into its importers. */
function isBundled(path: string): boolean {
  return path.includes("/");
}

/**
 * Bundles a module with its imports.
 *
 * @param entry Its path below `lib/client/`. Imports from outside its folder stay imports.
 */
export async function bundle(entry: string, read: ReadModule): Promise<string> {
  const seen = new Set([entry]);

  async function inline(path: string): Promise<string> {
    const source = (await read(path)).replace(COMMENTS, "").replace(INDENTS, "");
    let before = "";
    const kept: string[] = [];
    for (const [statement, keyword, names = "", specifier = ""] of source.matchAll(IMPORTS)) {
      const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
      if (!specifier.startsWith(".") || !isBundled(target)) {
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

/** Bundles a style sheet with its imports, which come first. @param entry Its path below `lib/client/`. */
export async function bundleStyles(entry: string, read: ReadModule): Promise<string> {
  const source = (await read(entry)).replace(STYLE_COMMENTS, "").replace(INDENTS, "");
  let before = "";
  for (const [_, specifier = ""] of source.matchAll(STYLE_IMPORTS)) {
    before += await bundleStyles(new URL(specifier, `file:///${entry}`).pathname.slice(1), read);
  }
  return before + source.replace(STYLE_IMPORTS, "");
}

/** A text in every encoding that browsers accept. */
export interface CompressedText {
  readonly text: string;
  readonly etag: string;
  readonly encodings: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

function compressBy(
  compressor: typeof brotliCompress | typeof gzip,
  text: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) =>
    compressor(text, (error, bytes) => error ? reject(error) : resolve(new Uint8Array(bytes)))
  );
}

/** Compresses a text with brotli at its highest level, and with gzip. */
async function compress(text: string): Promise<CompressedText> {
  const [br, gz] = await Promise.all([compressBy(brotliCompress, text), compressBy(gzip, text)]);
  return { text, etag: etagOf(text), encodings: new Map([["br", br], ["gzip", gz]]) };
}

/**
 * Memoises compressed texts: each is read and compressed on its first request. A failed read is repeated on the next one.
 *
 * @param read Reads the text of a key.
 */
export function memoizeCompressed<Key>(
  read: (key: Key) => Promise<string>,
): (key: Key) => Promise<CompressedText> {
  const texts = new Map<Key, Promise<CompressedText>>();
  return (key) => {
    const known = texts.get(key);
    if (known) return known;
    const next = read(key).then(compress);
    texts.set(key, next);
    next.catch(() => texts.delete(key));
    return next;
  };
}

/** Sends a text in the smallest encoding that the client accepts, or 304 if the client has it. */
export function sendCompressed(
  c: Context<AppEnv>,
  { text, etag, encodings }: CompressedText,
): Response {
  c.header("etag", etag);
  c.header("vary", "accept-encoding", { append: true });
  if (etagMatches(c.req.header("if-none-match"), etag)) return c.body(null, 304);
  const accepted = (c.req.header("accept-encoding") ?? "").split(",").map((each) => each.trim());
  const encoding = [...encodings.keys()].find((each) => accepted.includes(each));
  const bytes = encoding && encodings.get(encoding);
  if (!bytes) return c.body(text);
  c.header("content-encoding", encoding);
  return c.body(bytes);
}

/** Adds a route for each file. Clients revalidate on every use, and receive a file again only if it has changed. */
export function assetRoutes(
  app: Router,
  { readAsset }: Pick<Runtime, "readAsset">,
  { summary, files, headers }: AssetGroup,
): void {
  const utf8 = new TextDecoder();
  const read = async (path: string) => utf8.decode(await readAsset(`client/${path}`));

  async function textOf({ path, type, read: readOther }: Asset): Promise<string> {
    if (readOther !== undefined) return await readOther();
    if (type === "text/javascript") return await bundle(path, read);
    return await (type === "text/css" ? bundleStyles(path, read) : read(path));
  }

  /** Cached for good: files ship with the code and do not change while it runs. */
  const compressedOf = memoizeCompressed(textOf);

  for (const file of files) {
    const { path, type } = file;
    app.use(`/${path}`, headers);
    route(app, {
      method: "get",
      path: `/${path}`,
      summary,
      request: {},
      responses: {
        200: { description: "The file", content: { [type]: { schema: z.string() } } },
        304: { description: "Not modified since `If-None-Match`" },
      },
    }, async (c) => {
      c.header("content-type", `${type}; charset=utf-8`);
      c.header("cache-control", "no-cache");
      return sendCompressed(c, await compressedOf(file));
    });
  }
}
