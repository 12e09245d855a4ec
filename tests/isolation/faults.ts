/**
 * Everything that goes wrong at a provider.
 *
 * @module
 */

/** A secret in the body of faulty responses: it must never appear. */
export const LEAK = "LEAKED-BODY";

/** Responds to a call. `call` counts the calls of a provider from 0. */
export type Answer = (healthy: () => Response, call: number) => Response | Promise<Response>;

/** A fault of a provider, and the status that is expected with it. */
export interface Fault {
  readonly name: string;
  readonly answer: Answer;
  /** True if some calls still succeed. */
  readonly isPartial?: boolean;
  /** True if the provider requested a pause: its circuit breaker stays closed. */
  readonly isCooling?: boolean;
  /** The expected reason of its status: null without a fault. */
  readonly reason: RegExp | null;
}

const MIB = 1_048_576;

/** The MiB of the large body that were read since the test set it to 0. */
export const taken = { mib: 0 };

function body(text: string, type: string, init: ResponseInit = {}): Response {
  return new Response(text, { ...init, headers: { "content-type": type, ...init.headers } });
}

function huge(): Response {
  let remainingMib = 50;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (remainingMib-- === 0) return controller.close();
      taken.mib++;
      controller.enqueue(new Uint8Array(MIB).fill(0x20));
    },
  }, { highWaterMark: 0 });
  return new Response(stream, { headers: { "content-type": "application/json" } });
}

/** Sends the first bytes of a body, and then nothing. */
function stuck(): Response {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(`{"${LEAK}":`)),
  });
  return new Response(stream, { headers: { "content-type": "application/json" } });
}

/** THE LIST of faults. */
export const FAULTS: readonly Fault[] = [
  { name: "all succeed", answer: (healthy) => healthy(), isPartial: true, reason: null },
  {
    name: "some fail",
    answer: (healthy, call) =>
      call % 3 === 2 ? body(LEAK, "text/plain", { status: 503 }) : healthy(),
    isPartial: true,
    reason: null,
  },
  {
    name: "all fail",
    answer: () => Promise.reject(new TypeError(`cannot connect to ${LEAK}`)),
    reason: /^The connection to .+ failed$/,
  },
  {
    name: "one hangs",
    answer: () => new Promise(() => {}),
    reason: / did not answer within \d+ s/,
  },
  { name: "one hangs in its body", answer: stuck, reason: / did not answer within \d+ s/ },
  {
    name: "garbage",
    answer: () => body(`{"${LEAK}":[1,2`, "application/json"),
    reason: / answered in an unknown format/,
  },
  {
    name: "a shape of another kind",
    answer: () => body(`{"${LEAK}":[1,2]}`, "application/json"),
    reason: / (answered in an unknown format|returned no price for )/,
  },
  {
    name: "HTML with 200",
    answer: () => body(`<p>${LEAK}</p>`, "text/html"),
    reason: / answered with text\/html, which was not requested/,
  },
  {
    name: "HTML that says it is JSON",
    answer: () => body(`<p>${LEAK}</p>`, "application/json"),
    reason: / answered in an unknown format/,
  },
  {
    name: "429 with Retry-After",
    answer: () => body(LEAK, "text/plain", { status: 429, headers: { "retry-after": "300" } }),
    isCooling: true,
    reason: / refused: HTTP 429/,
  },
  {
    name: "429 without Retry-After",
    answer: () => body(LEAK, "text/plain", { status: 429 }),
    isCooling: true,
    reason: / refused: HTTP 429/,
  },
  {
    name: "451",
    answer: () => body(LEAK, "application/json", { status: 451 }),
    reason: / refused: HTTP 451/,
  },
  {
    name: "an empty 200",
    answer: () => body("", "application/json"),
    reason: / answered in an unknown format/,
  },
  { name: "a body of 50 MB", answer: huge, reason: / sent more than|too|MiB|bytes/ },
];
