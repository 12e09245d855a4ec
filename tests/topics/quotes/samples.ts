/**
 * Recorded responses of providers, and upstreams that send them.
 *
 * @module
 */
import { UpstreamFailure } from "../../../lib/upstream/failure.ts";
import type { Upstream } from "../../../lib/upstream/upstream.ts";

/** The wall time at which every sample is received. */
export const RECEIVED_AT = Date.UTC(2026, 4, 18, 8, 20);
/** The monotonic time at which every sample is received. */
export const RECEIVED_ELAPSED = 1000;

const samples = new Map<string, string>();

/** Reads the text of a sample, once per process: simulated providers send it thousands of times. */
export function readSample(name: string): string {
  const sample = samples.get(name) ??
    Deno.readTextFileSync(new URL(`samples/${name}.json`, import.meta.url));
  samples.set(name, sample);
  return sample;
}

/** Reads the recorded frames of a stream. */
export function readFrames(name: string): readonly string[] {
  const text = Deno.readTextFileSync(new URL(`samples/${name}.ndjson`, import.meta.url));
  return text.trim().split("\n");
}

/**
 * Creates an upstream with fixed responses, by a part of the URL. It rejects for other URLs, as a real upstream does.
 */
export function createSampleUpstream(
  texts: Readonly<Record<string, string>>,
): Pick<Upstream, "get"> {
  return {
    // deno-lint-ignore require-await
    async get(url, parse) {
      const text = Object.entries(texts).find(([part]) => url.includes(part))?.[1];
      if (text === undefined) throw new UpstreamFailure("http", `HTTP 404 for ${url}`);
      return {
        value: parse(text),
        receivedAt: RECEIVED_AT,
        receivedElapsed: RECEIVED_ELAPSED,
        failure: null,
      };
    },
  };
}
