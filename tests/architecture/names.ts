/**
 * Names, and the docstrings that explain them.
 *
 * @module
 */
import { allFacts } from "./facts.ts";
import type { Files } from "./source.ts";

/** Returns every top-level name that more than one file defines. */
export function sharedNames(files: Files): string[] {
  const places = new Map<string, Set<string>>();
  for (const [path, { definitions }] of allFacts(files)) {
    for (const { name } of definitions) places.set(name, (places.get(name) ?? new Set()).add(path));
  }
  return [...places].filter(([, paths]) => paths.size > 1)
    .map(([name, paths]) => `${[...paths].join(", ")}: ${name} is defined more than once`);
}

/** Returns limits with another prefix than MAX_. */
export function misnamedLimits(files: Files): string[] {
  return [...allFacts(files)].flatMap(([path, { definitions }]) =>
    definitions.filter(({ name }) => /^MOST_/.test(name))
      .map(({ name }) => `${path}: ${name} is called MAX_${name.slice(5)}`)
  );
}

const DOCSTRING = /\/\*\*\s*\n?\s*\*?\s*([\s\S]*?)\*\//g;
const QUESTION =
  /^(?:what|who|whom|whose|how|whether|where|when|which|nobody|somebody|those who)\b/i;

/** Counts docstrings, and lists those that begin with a question word instead of a subject or a verb. */
export function docstrings(files: Files): { readonly count: number; readonly vague: string[] } {
  let count = 0;
  const vague: string[] = [];
  for (const [path, source] of files) {
    for (const match of source.matchAll(DOCSTRING)) {
      const text = (match[1] ?? "").trim();
      if (text === "" || text.startsWith("@")) continue;
      count++;
      if (!QUESTION.test(text)) continue;
      const line = source.slice(0, match.index).split("\n").length;
      vague.push(`${path}:${line}: begins with a question word: ${text.split("\n")[0]}`);
    }
  }
  return { count, vague };
}
