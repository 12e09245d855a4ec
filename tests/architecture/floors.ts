/**
 * Who may import whom.
 *
 * @module
 */
import { factsOf } from "./facts.ts";
import { type Files, targetOf } from "./source.ts";

/** From the ground up. A file imports its own room and the floors below it. */
const FLOORS: readonly (readonly string[])[] = [
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

/** Rooms beside the house, each with what it may import besides itself. */
const BESIDE: ReadonlyMap<string, readonly string[]> = new Map([
  ["lib/demo", ["lib/core"]],
  ["lib/client", []],
]);

/** Who may import the rooms beside the house: `main.ts` picks the demo, the page is painted in the browser's words. */
const DOORS: ReadonlyMap<string, string> = new Map([
  ["main.ts", "lib/demo"],
  ["routes", "lib/client"],
]);

/** What tells the version, and nothing else: no room, and open to `main.ts` alone. */
const PROJECT = "deno.json";

/** The folder or file of the house that a path belongs to. */
function roomOf(path: string): string {
  const [top = "", second = ""] = path.split("/");
  return top === "lib" ? `lib/${second}` : top;
}

function mayImport(from: string, to: string): boolean {
  if (from === to) return true;
  const beside = BESIDE.get(from);
  if (beside) return beside.includes(to);
  if (DOORS.get(from) === to) return true;
  if (to === PROJECT) return from === "main.ts";
  const [floor, target] = [from, to].map((room) => FLOORS.findIndex((each) => each.includes(room)));
  return floor !== undefined && target !== undefined && target !== -1 && target < floor;
}

/** Files stand in a room that is known, and import their own and those below it. */
export function climbs(files: Files): string[] {
  const complaints: string[] = [];
  for (const [path, source] of files) {
    const room = roomOf(path);
    if (!BESIDE.has(room) && !FLOORS.flat().includes(room)) {
      complaints.push(`${path}: ${room} is no room of the house`);
      continue;
    }
    for (const { at, specifier } of factsOf(path, source).imports) {
      if (specifier === "") complaints.push(`${at}: imports what cannot be known`);
      const target = targetOf(path, specifier);
      if (target === null || mayImport(room, roomOf(target))) continue;
      complaints.push(`${at}: ${room} may not import ${roomOf(target)}`);
    }
  }
  return complaints;
}

/** No file imports itself, over however many others. */
export function cycles(files: Files): string[] {
  const targets = new Map([...files].map(([path, source]) => [
    path,
    factsOf(path, source).imports.flatMap(({ specifier }) => targetOf(path, specifier) ?? []),
  ]));
  const done = new Set<string>();
  const complaints: string[] = [];
  function follow(path: string, trail: readonly string[]): void {
    const begun = trail.indexOf(path);
    if (begun !== -1) complaints.push([...trail.slice(begun), path].join(" → "));
    if (begun !== -1 || done.has(path)) return;
    for (const target of targets.get(path) ?? []) follow(target, [...trail, path]);
    done.add(path);
  }
  for (const path of files.keys()) follow(path, []);
  return complaints;
}

/** Upstash's client is named in the files of store/redis/ only. */
export function strayRedis(files: Files): string[] {
  return [...files].flatMap(([path, source]) => {
    if (path.startsWith("lib/store/redis/")) return [];
    return factsOf(path, source).imports
      .filter(({ specifier }) => /(?:^|:)@upstash\//.test(specifier))
      .map(({ at, specifier }) => `${at}: only store/redis/ may import ${specifier}`);
  });
}
