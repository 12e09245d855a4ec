/**
 * Everything that goes wrong at a provider.
 *
 * @module
 */

/** In the body of every wrong answer: nobody is ever to be shown it. */
export const LEAK = "LEAKED-BODY";

/** What a call is answered with. */
export type Answer = (healthy: () => Response, call: number) => Response | Promise<Response>;

/** How a provider fails, and what is to be said of it while it does. */
export interface Fault {
  readonly name: string;
  readonly answer: Answer;
  /** Whether prices still come, if not all of them. */
  readonly isPartial?: boolean;
  /** Whether it is left alone since it asked for that: its breaker stays closed. */
  readonly isCooling?: boolean;
  /** What its status says. Null where nothing is wrong. */
  readonly reason: RegExp | null;
}

const MIB = 1_048_576;

/** How many bytes of the large body were ever taken. */
export const taken = { mib: 0 };

function body(text: string, type: string, init: ResponseInit = {}): Response {
  return new Response(text, { ...init, headers: { "content-type": type, ...init.headers } });
}

function huge(): Response {
  let left = 50;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (left-- === 0) return controller.close();
      taken.mib++;
      controller.enqueue(new Uint8Array(MIB).fill(0x20));
    },
  }, { highWaterMark: 0 });
  return new Response(stream, { headers: { "content-type": "application/json" } });
}

/** Begins a body, and never goes on. */
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
    reason: / answered in a shape we do not know/,
  },
  {
    name: "a shape of another kind",
    answer: () => body(`{"${LEAK}":[1,2]}`, "application/json"),
    reason: / (answered in a shape we do not know|returned no price for )/,
  },
  {
    name: "HTML with 200",
    answer: () => body(`<p>${LEAK}</p>`, "text/html"),
    reason: / answered with text\/html, which we did not ask for/,
  },
  {
    name: "HTML that says it is JSON",
    answer: () => body(`<p>${LEAK}</p>`, "application/json"),
    reason: / answered in a shape we do not know/,
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
    reason: / answered in a shape we do not know/,
  },
  { name: "a body of 50 MB", answer: huge, reason: / sent more than|too|MiB|bytes/ },
];
