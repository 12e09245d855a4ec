/**
 * Files that ship with the code: bundled and compressed once, on the first request.
 *
 * There is no build step, and names are not changed. A bundle contains the modules of a folder in place of their imports,
 * without the lines that are only comments and without most spaces, so a page sends one request instead of one per file.
 * The top-level names of modules that share a bundle must therefore differ. Style sheets are bundled in the same way.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { brotliCompress, gzip } from "node:zlib";
import type { Runtime } from "../core/runtime.ts";
import type { AppEnv } from "./app_env.ts";
import { etagMatches, etagOf } from "./etag.ts";
import { route, type Router } from "./route.ts";

/** A file that is served. */
export interface Asset {
  /** The path below `lib/client/`, at which the file is also served. */
  readonly path: string;
  /** The media type, such as `text/css`. */
  readonly type: string;
  /** Reads the file, if it does not lie below `lib/client/`. */
  readonly read?: () => Promise<string>;
}

/** Files with the same headers and the same summary. */
export interface AssetGroup {
  /** The summary in the API's document. */
  readonly summary: string;
  readonly files: readonly Asset[];
  /** Sets the headers of every response. */
  readonly headers: MiddlewareHandler<AppEnv>;
}

/** Reads the source of a module, by its path below `lib/client/`. */
export type ReadModule = (path: string) => Promise<string>;

/** Block comments that fill whole lines, and lines that are only comments. */
const COMMENTS = /^[ \t]*(?:\/\*\*(?:(?!\*\/)[^])*\*\/|\/\/.*)[ \t]*\n/gm;
const STYLE_COMMENTS = /^[ \t]*\/\*(?:(?!\*\/)[^])*\*\/[ \t]*\n/gm;
/** Indents and empty lines. */
const INDENTS = /^\s+/gm;
/** Templates with the rest of their last line, and lines without templates, regular expressions and paths. */
const TEMPLATES_AND_PLAIN_LINES = /`[^`]*`.*\n|(?:^[^`'/\n]+\n)+/gm;
/** Strings, final commas, and spaces around punctuation. A space beside `+` or `-` may separate two operators. */
const STRINGS_AND_SPACES = /("(?:[^"\\\n]|\\.)*")|,?\n(?=[)\]}])| ?([{}()[\]=<>*,:?&|;!]+)[ \n]?/g;
/** `import … from "…";` and `export … from "…";`, which may span several lines. */
const IMPORTS = /^(import|export) (?:(\{[^}]*\}|\w+) from )?"([^"]+)";\n/gm;
/** `@import "…";` of a style sheet. */
const STYLE_IMPORTS = /^@import "([^"]+)";\n/gm;

/** The paths of served packages. An import of a package by name becomes an import from that path. */
const PACKAGE_PATHS: ReadonlyMap<string, string> = new Map([["uplot", "/page/uplot.js"]]);

/**
 * Removes spaces around punctuation, final commas, and the ends of lines after punctuation.
 *
 * @param source Formatted by `deno fmt`: every statement ends with a semicolon or a brace.
 */
function removeSpaces(source: string): string {
  return source.replace(
    TEMPLATES_AND_PLAIN_LINES,
    (part) =>
      part.startsWith("`")
        ? part
        : part.replace(STRINGS_AND_SPACES, (_, text = "", punctuation = "") => text + punctuation),
  );
}

/** Returns true if a module is bundled into its importers. Modules outside of folders are served alone. */
function isBundled(path: string): boolean {
  return path.includes("/");
}

/**
 * Bundles a module with its imports.
 *
 * @param entry The path of the module below `lib/client/`. Imports of modules outside of folders, and of packages, remain
 * imports.
 */
export async function bundle(entry: string, read: ReadModule): Promise<string> {
  const seen = new Set([entry]);

  async function inlineModule(path: string): Promise<string> {
    const source = (await read(path)).replace(COMMENTS, "").replace(INDENTS, "");
    let bundledModules = "";
    const statements: string[] = [];
    for (const [statement, keyword, names = "", specifier = ""] of source.matchAll(IMPORTS)) {
      const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
      if (!specifier.startsWith(".") || !isBundled(target)) {
        const servedPath = PACKAGE_PATHS.get(specifier) ?? specifier;
        statements.push(statement.replace(`"${specifier}"`, () => `"${servedPath}"`));
        continue;
      }
      if (keyword === "export") statements.push(`export ${names};\n`);
      if (seen.has(target)) continue;
      seen.add(target);
      bundledModules += await inlineModule(target);
    }
    const body = source.replace(IMPORTS, "").replace(/^\n+/, "");
    const code = removeSpaces(path === entry ? body : body.replace(/^export (?!\{)/gm, ""));
    return statements.join("") + bundledModules + code;
  }

  return await inlineModule(entry);
}

/**
 * Bundles a style sheet with its imports, which come first.
 *
 * @param entry The path of the style sheet below `lib/client/`.
 */
export async function bundleStyles(entry: string, read: ReadModule): Promise<string> {
  const source = (await read(entry)).replace(STYLE_COMMENTS, "").replace(INDENTS, "");
  let bundledStyles = "";
  for (const [_, specifier = ""] of source.matchAll(STYLE_IMPORTS)) {
    bundledStyles += await bundleStyles(
      new URL(specifier, `file:///${entry}`).pathname.slice(1),
      read,
    );
  }
  return bundledStyles + source.replace(STYLE_IMPORTS, "");
}

/** A text, with the entity tag of all its encodings. */
export interface CompressedText {
  readonly text: string;
  readonly etag: string;
  /** The compressed bytes by content encoding, smallest first. */
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
 * Memoises compressed texts. Each is read and compressed for its first request. A failed read is repeated for the next
 * request.
 *
 * @param read Reads the text of a key.
 */
export function memoizeCompressed<Key>(
  read: (key: Key) => Promise<string>,
): (key: Key) => Promise<CompressedText> {
  const texts = new Map<Key, Promise<CompressedText>>();
  return (key) => {
    const memoised = texts.get(key);
    if (memoised) return memoised;
    const compressed = read(key).then(compress);
    texts.set(key, compressed);
    compressed.catch(() => texts.delete(key));
    return compressed;
  };
}

/**
 * Sends a text in the smallest encoding that the client names without a quality, or 304 if the client has the text. Every
 * browser names its encodings so.
 */
export function sendCompressed(
  c: Context<AppEnv>,
  { text, etag, encodings }: CompressedText,
): Response {
  c.header("etag", etag);
  c.header("vary", "accept-encoding", { append: true });
  if (etagMatches(c.req.header("if-none-match"), etag)) return c.body(null, 304);
  const accepted = (c.req.header("accept-encoding") ?? "").split(",").map((coding) =>
    coding.trim()
  );
  const encoding = [...encodings.keys()].find((name) => accepted.includes(name));
  const bytes = encoding && encodings.get(encoding);
  if (!bytes) return c.body(text);
  c.header("content-encoding", encoding);
  return c.body(bytes);
}

/** Adds a route for each file. Clients revalidate on every use, and receive a file again only if it has changed. */
export function addAssetRoutes(
  app: Router,
  { readAsset }: Pick<Runtime, "readAsset">,
  { summary, files, headers }: AssetGroup,
): void {
  const utf8 = new TextDecoder();
  const readSource = async (path: string) => utf8.decode(await readAsset(`client/${path}`));

  async function readText({ path, type, read }: Asset): Promise<string> {
    if (read !== undefined) return await read();
    if (type === "text/javascript") return await bundle(path, readSource);
    return await (type === "text/css" ? bundleStyles(path, readSource) : readSource(path));
  }

  /** Memoised without expiry, because the files do not change while the code runs. */
  const readCompressed = memoizeCompressed(readText);

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
      return sendCompressed(c, await readCompressed(file));
    });
  }
}
