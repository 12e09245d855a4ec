/**
 * The layers of the project, and the imports that they allow.
 *
 * @module
 */
import { factsOf } from "./facts.ts";
import { type Files, targetOf } from "./source.ts";

/** The layers, lowest first. A file imports its own folder and lower layers. */
const LAYERS: readonly (readonly string[])[] = [
  ["lib/core"],
  ["lib/wire"],
  ["lib/store", "lib/metrics"],
  ["lib/hub", "lib/upstream", "lib/guard"],
  ["lib/topics"],
  ["lib/http"],
  ["lib/services.ts"],
  ["routes"],
  ["main.ts"],
];

/** Folders outside the layers, each with the folders that it may import besides its own. */
const OUTSIDE: ReadonlyMap<string, readonly string[]> = new Map([
  ["lib/demo", ["lib/core"]],
  ["lib/client", []],
]);

/** Importers of the folders outside: `main.ts` selects the demo, and the page shares texts with the browser. */
const OUTSIDE_IMPORTERS: ReadonlyMap<string, string> = new Map([
  ["main.ts", "lib/demo"],
  ["routes", "lib/client"],
]);

/** The file with the version. Only `main.ts` may import it. */
const PROJECT = "deno.json";

/** Returns the folder or file of a layer that a path belongs to. */
function folderOf(path: string): string {
  const [top = "", second = ""] = path.split("/");
  return top === "lib" ? `lib/${second}` : top;
}

function mayImport(from: string, to: string): boolean {
  if (from === to) return true;
  const beside = OUTSIDE.get(from);
  if (beside) return beside.includes(to);
  if (OUTSIDE_IMPORTERS.get(from) === to) return true;
  if (to === PROJECT) return from === "main.ts";
  const [layer, target] = [from, to].map((folder) =>
    LAYERS.findIndex((each) => each.includes(folder))
  );
  return layer !== undefined && target !== undefined && target !== -1 && target < layer;
}

/** Returns files outside every known folder, and imports that a layer does not allow. */
export function layerViolations(files: Files): string[] {
  const violations: string[] = [];
  for (const [path, source] of files) {
    const folder = folderOf(path);
    if (!OUTSIDE.has(folder) && !LAYERS.flat().includes(folder)) {
      violations.push(`${path}: ${folder} is in no layer`);
      continue;
    }
    for (const { at, specifier } of factsOf(path, source).imports) {
      if (specifier === "") violations.push(`${at}: imports a computed path`);
      const target = targetOf(path, specifier);
      if (target === null || mayImport(folder, folderOf(target))) continue;
      violations.push(`${at}: ${folder} may not import ${folderOf(target)}`);
    }
  }
  return violations;
}

/** Returns every import cycle. */
export function cycles(files: Files): string[] {
  const targets = new Map([...files].map(([path, source]) => [
    path,
    factsOf(path, source).imports.flatMap(({ specifier }) => targetOf(path, specifier) ?? []),
  ]));
  const done = new Set<string>();
  const violations: string[] = [];
  function follow(path: string, trail: readonly string[]): void {
    const begun = trail.indexOf(path);
    if (begun !== -1) violations.push([...trail.slice(begun), path].join(" → "));
    if (begun !== -1 || done.has(path)) return;
    for (const target of targets.get(path) ?? []) follow(target, [...trail, path]);
    done.add(path);
  }
  for (const path of files.keys()) follow(path, []);
  return violations;
}

/** Returns imports of Upstash's client outside store/redis/. */
export function strayRedis(files: Files): string[] {
  return [...files].flatMap(([path, source]) => {
    if (path.startsWith("lib/store/redis/")) return [];
    return factsOf(path, source).imports
      .filter(({ specifier }) => /(?:^|:)@upstash\//.test(specifier))
      .map(({ at, specifier }) => `${at}: only store/redis/ may import ${specifier}`);
  });
}
