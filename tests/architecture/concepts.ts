/**
 * One concept per file.
 *
 * @module
 */
import { allFacts } from "./facts.ts";
import { type Files, targetOf } from "./source.ts";

/** The number of lines above which a file needs a reason. */
const LONG_LINES = 400;

/** The number of lines below which a file with a single importer is a fragment of it. */
const FRAGMENT_LINES = 60;

/** Long files, each with the concept that needs them. */
export const LONG_FILES: ReadonlyMap<string, string> = new Map([
  ["lib/hub/broadcast_group.ts", "the state of a group, and the hot path of every event"],
]);

/** Small files with one importer and a concept of their own, each with that concept. */
const SMALL_CONCEPTS: ReadonlyMap<string, string> = new Map([
  ["lib/core/serialize.ts", "an event becomes JSON"],
  ["lib/http/markdown.ts", "Markdown becomes HTML"],
  ["lib/metrics/instruments.ts", "the table of all metrics"],
  ["lib/topics/chat/append_interval.ts", "what an answer may cost"],
  ["lib/topics/news/tombstones.ts", "retracted articles stay retracted"],
  ["lib/topics/quotes/divergence.ts", "sources that disagree"],
]);

/** Files with more than one class or factory, each with the reason to keep them together. */
const CROWDED_FILES: ReadonlyMap<string, string> = new Map([
  ["lib/hub/replay.ts", "readers of a topic share the cache of pages"],
  ["lib/hub/window.ts", "a window, and its factory for state and log topics"],
  ["routes/app.ts", "the table of routes, and the app that serves it"],
]);

/** Folders of small files with one importer by design: one file for each of a kind. */
const KINDS: readonly RegExp[] = [
  /^routes\//, // one route
  /^lib\/store\/(?:memory|redis)\//, // one implementation of an interface of the store
  /^lib\/topics\/quotes\/providers\//, // one provider
  /^lib\/topics\/news\/parse\//, // one format
  /^lib\/demo\//, // one simulated upstream
  /^lib\/client\//, // one module of the page, served as it is
];

function linesOf(source: string): number {
  return source.split("\n").length - 1;
}

/** Returns files that are too long, without a reason. */
export function longFiles(files: Files): string[] {
  return [...files].flatMap(([path, source]) => {
    const lines = linesOf(source);
    if (lines <= LONG_LINES || LONG_FILES.has(path)) return [];
    return [`${path}: ${lines} lines, above ${LONG_LINES} without a reason`];
  });
}

/** Returns files that export more than one class or factory. */
export function crowdedFiles(files: Files): string[] {
  return [...allFacts(files)].flatMap(([path, { definitions }]) => {
    const concepts = definitions.filter(({ name, kind, isExported }) =>
      isExported && (kind === "function" && /^create[A-Z]/.test(name) ||
        kind === "class" && !/(?:Error|Unavailable|Problem)$/.test(name))
    );
    if (concepts.length <= 1 || CROWDED_FILES.has(path)) return [];
    return [`${path}: exports ${concepts.map(({ name }) => name).join(", ")}`];
  });
}

/** Returns small files that belong in their only importer. */
export function fragments(files: Files): string[] {
  const importers = new Map<string, Set<string>>();
  for (const [path, { imports }] of allFacts(files)) {
    for (const { specifier } of imports) {
      const target = targetOf(path, specifier) ?? "";
      importers.set(target, (importers.get(target) ?? new Set()).add(path));
    }
  }
  return [...files].flatMap(([path, source]) => {
    const [importer, ...others] = importers.get(path) ?? [];
    const isSmall = linesOf(source) < FRAGMENT_LINES;
    if (importer === undefined || others.length > 0 || !isSmall) return [];
    if (SMALL_CONCEPTS.has(path) || KINDS.some((kind) => kind.test(path))) return [];
    return [`${path}: a fragment of ${importer}`];
  });
}

/** Returns the number of files and lines of a folder. */
export function sizeOf(files: Files, folder: string): { files: number; lines: number } {
  const sources = [...files].filter(([path]) => path.startsWith(`${folder}/`));
  return {
    files: sources.length,
    lines: sources.reduce((sum, [, source]) => sum + linesOf(source), 0),
  };
}

/** The topics that lib/topics registers. No lower layer may name one. */
const TOPIC = /^(?:(?:quotes|news|operations|sessions|tasks)(?:\/|$)|events\/)/;
const BELOW_TOPICS = /^lib\/(?:core|wire|store|hub|guard|upstream)\//;

/** Returns strings below topics/ that name a topic. */
export function strayTopics(files: Files): string[] {
  return [...allFacts(files)].filter(([path]) => BELOW_TOPICS.test(path))
    .flatMap(([, { strings }]) =>
      strings.filter(({ value }) => TOPIC.test(value))
        .map(({ at, value }) => `${at}: names the topic ${value}`)
    );
}
