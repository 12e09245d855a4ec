/**
 * Parses the subset of Prometheus' text format 0.0.4 that has counters and gauges, and refuses repeated series.
 *
 * @module
 */

/** One value, with its name and labels. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric with its samples. */
export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"/g;
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (NaN|[+-]?(?:Inf|\d+(?:\.\d+)?(?:e[+-]?\d+)?))$/;

function parseLabels(text: string, line: string): Record<string, string> {
  const labels = [...text.matchAll(LABEL)];
  const written = labels.map(([whole]) => whole).join(",");
  if (written !== text) throw new SyntaxError(`No labels: ${line}`);
  const names = labels.map(([, name = ""]) => name);
  if (new Set(names).size < names.length) throw new SyntaxError(`A label twice: ${line}`);
  const unescape = (value: string) =>
    value.replaceAll(/\\(.)/g, (_, escaped: string) => escaped === "n" ? "\n" : escaped);
  return Object.fromEntries(labels.map(([, name = "", value = ""]) => [name, unescape(value)]));
}

function parseSample(line: string): Sample {
  const [, name = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
  if (name === "") throw new SyntaxError(`No sample: ${line}`);
  return {
    name,
    labels: parseLabels(labels, line),
    value: Number(value.replace("Inf", "Infinity")),
  };
}

/**
 * Parses all metrics.
 *
 * @throws {SyntaxError} If a line is malformed, a sample belongs to no metric, or a metric, series or label is repeated.
 */
export function parseExposition(text: string): ReadonlyMap<string, MetricFamily> {
  if (!text.endsWith("\n")) throw new SyntaxError("The last line has no end");
  const families = new Map<string, MetricFamily & { readonly samples: Sample[] }>();
  const seen = new Set<string>();
  let current: (MetricFamily & { readonly samples: Sample[] }) | undefined;
  let described: { readonly name: string; readonly help: string } | undefined;

  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (keyword === "HELP") described = { name, help: rest };
    else if (keyword === "TYPE") {
      if (!/^(?:counter|gauge)$/.test(rest)) throw new SyntaxError(`No type: ${line}`);
      if (described?.name !== name) throw new SyntaxError(`No help before: ${line}`);
      if (families.has(name)) throw new SyntaxError(`A metric twice: ${line}`);
      current = { name, type: rest, help: described.help, samples: [] };
      families.set(name, current);
    } else {
      const sample = parseSample(line);
      if (sample.name !== current?.name) throw new SyntaxError(`Out of its place: ${line}`);
      const series = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
      if (seen.has(series)) throw new SyntaxError(`A series twice: ${line}`);
      if (current.type === "counter" && !(sample.value >= 0)) {
        throw new SyntaxError(`No count: ${line}`);
      }
      seen.add(series);
      current.samples.push(sample);
    }
  }
  return families;
}

/** Returns the sum of a metric, named without its prefix, over the samples with these labels. */
export function figureIn(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const family = parseExposition(text).get(`edgetape_${name}`);
  if (!family) throw new Error(`There is no metric edgetape_${name}`);
  const selector = Object.entries(labels);
  return family.samples
    .filter((sample) => selector.every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0);
}
