/**
 * The public app on a manual clock, and a transcript of its requests and responses: HTTP in, bytes out.
 *
 * This is the only golden file that imports from `lib` and `routes`, and the one place where volatile parts become
 * placeholders.
 *
 * @module
 */
import { readConfig, SETTINGS } from "../../lib/core/config.ts";
import { createLogger } from "../../lib/core/logger.ts";
import { createDemoRuntime } from "../../lib/demo/demo_runtime.ts";
import { createServices } from "../../lib/services.ts";
import { instrumentsFor } from "../../lib/topics/quotes/instruments.ts";
import { createApp } from "../../routes/app.ts";
import { createManualClock } from "../support/manual_clock.ts";
import { refuseConnection } from "../support/refuse_connection.ts";
import { AUTH_SECRET, signToken } from "../support/user_token.ts";

export { readConfig, SETTINGS };

const PUBLISH_TOKEN = "a-token-of-sixteen";

/** The settings of every scene: the demo with a publisher, users, a public and a private channel. */
const BASE_ENV = {
  DEMO: "1",
  // A recording of ten frames a second would hide the rest.
  STREAMING_SOURCES: "none",
  PUBLISH_TOKEN,
  AUTH_SECRET,
  CHANNELS: JSON.stringify({
    alerts: { types: ["price_alert", "note"] },
    secret: { types: ["note"], private: true },
  }),
};

type HeaderFields = Readonly<Record<string, string>>;

/** The headers of a publisher. */
export const PUBLISHER: HeaderFields = { authorization: `Bearer ${PUBLISH_TOKEN}` };
/** The headers of a client that requests a stream. */
export const STREAM: HeaderFields = { accept: "text/event-stream" };

/** Returns the header of a user. @param claims Claims that are added to those of the user, or replace them. */
export function userOf(sub: string, claims: Readonly<Record<string, unknown>> = {}): HeaderFields {
  return { authorization: `Bearer ${signToken({ sub, exp: 1_700_086_400, ...claims })}` };
}

/** Settings of a scene, and its faults. */
export interface SceneOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Returns true for hosts that do not answer. */
  readonly isDown?: (host: string) => boolean;
  /** True for a shared state in a Redis that does not answer. */
  readonly hasStoreDown?: boolean;
}

/** Options of a request. */
export interface RequestOptions {
  readonly headers?: HeaderFields;
  /** The body, serialised as JSON unless it is a string. */
  readonly body?: unknown;
  /** The time by which the clock advances before the response, in milliseconds. */
  readonly takesMs?: number;
  /** Omits the body from the transcript. */
  readonly isBrief?: boolean;
}

/** A response whose body was read. */
export interface TextResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Returns a string field of the JSON body, empty if there is none. */
  field(name: string): string;
}

/** Options of a stream. */
export interface Opening {
  /** True for a client that reads nothing until its first `show()`. */
  readonly isBlocked?: boolean;
  /** The time by which the clock advances before the response, in milliseconds. */
  readonly takesMs?: number;
}

/** An open stream. */
export interface OpenStream {
  /** Records the frames since the last call. */
  show(): Promise<void>;
  /** The last received id. */
  readonly cursor: string;
}

/** The app in a scene. The transcript records its requests and responses. */
export interface Scene {
  request(method: string, path: string, options?: RequestOptions): Promise<TextResponse>;
  /** Sends a request, and records it in two lines. */
  summarise(method: string, path: string, options?: RequestOptions): Promise<TextResponse>;
  /** Sends a request, and records nothing. */
  send(method: string, path: string, options?: RequestOptions): Promise<TextResponse>;
  open(path: string, headers?: HeaderFields, opening?: Opening): Promise<OpenStream>;
  /** Publishes on a channel, and records nothing. @returns The event's id. */
  publish(channel: string, data: unknown, type?: string): Promise<string>;
  pass(ms: number): Promise<void>;
  drain(): Promise<void>;
  note(text: string): void;
  /** Replaces a volatile value by a label, everywhere in the scene. */
  name(value: string, label: string): string;
}

const EVENT_ID = /\b\d{13}-\d+\b/g;

/** Compares event ids by time and number. */
function compareIds(a: string, b: string): number {
  const [aMs = "", aN = ""] = a.split("-");
  const [bMs = "", bN = ""] = b.split("-");
  return Number(aMs) - Number(bMs) || aN.length - bN.length || (aN < bN ? -1 : aN > bN ? 1 : 0);
}

/** Replaces volatile values: event ids become their rank in the scene, so that their order remains visible. */
function redact(text: string, names: ReadonlyMap<string, string>): string {
  const named = [...names].sort(([a], [b]) => b.length - a.length)
    .reduce((redacted, [value, label]) => redacted.replaceAll(value, `<${label}>`), text);
  const ids = [...new Set(named.match(EVENT_ID))].sort(compareIds);
  return named
    .replaceAll(EVENT_ID, (id) => `<id ${ids.indexOf(id) + 1}>`)
    .replaceAll(/^etag: .+$/gm, "etag: <etag>")
    .replaceAll(/Bearer ey[\w.-]+/g, (token) => `Bearer <${claimsIn(token)}>`)
    .replaceAll(/(.)\1{199,}/g, (run, letter) => `<${run.length} times ${letter}>`);
}

function claimsIn(token: string): string {
  const { sub, topics } = JSON.parse(atob(token.split(".")[1] ?? ""));
  return `user ${sub}${topics === undefined ? "" : ` of ${topics}`}`;
}

/** Returns compact JSON over several lines, and any other text unchanged. */
function readable(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? JSON.stringify(value, null, 2) : text;
  } catch {
    return text;
  }
}

function readableFrames(text: string): string {
  return text.replaceAll(/^data: (.*)$/gm, (_, data) => `data: ${readable(data)}`);
}

function headerLines(headers: Iterable<readonly [string, string]>): string[] {
  return [...headers].map(([name, value]) => `${name}: ${value}`).sort();
}

/** Runs a scene with a new app. @returns The transcript. */
export async function scene(
  title: string,
  run: (app: Scene) => Promise<void>,
  { env = {}, isDown = () => false, hasStoreDown = false }: SceneOptions = {},
): Promise<string> {
  const clock = createManualClock();
  const lines: string[] = [`== ${title}`];
  const names = new Map<string, string>();
  /** The random number: constant, but different in each POST, so that ids are unique. */
  let randomNumber = 0.5;
  const outside = () => Promise.reject(new Error("the test has no network"));
  const redis = {
    UPSTASH_REDIS_REST_URL: "https://redis.example",
    UPSTASH_REDIS_REST_TOKEN: "token",
  };
  const config = readConfig({ ...BASE_ENV, ...(hasStoreDown ? redis : {}), ...env });
  const demo = createDemoRuntime({
    clock,
    random: () => randomNumber,
    log: createLogger("error", clock, () => {}),
    fetch: outside,
    resolve: outside,
    connect: refuseConnection,
    readAsset: () => Promise.reject(new Error("the file does not exist")),
  }, [...instrumentsFor(config).values()]);
  const services = createServices(
    config,
    {
      ...demo,
      fetch: (url, init) =>
        isDown(url.hostname) ? Promise.reject(new Error("no network")) : demo.fetch(url, init),
    },
    { version: "0.0.0", fetch: outside },
  );
  const app = createApp(services);
  let posts = 0;
  const hangUps: (() => Promise<void>)[] = [];

  async function fetchPath(
    method: string,
    path: string,
    { headers = {}, body, takesMs = 0 }: RequestOptions,
  ) {
    const hasBody = body !== undefined;
    const isJson = hasBody && headers["content-type"] === undefined;
    const request = new Request(new URL(path, "http://localhost"), {
      method,
      headers: { ...(isJson ? { "content-type": "application/json" } : {}), ...headers },
      ...(hasBody ? { body: typeof body === "string" ? body : JSON.stringify(body) } : {}),
    });
    if (method === "POST") randomNumber = 0.5 + ++posts / 1024;
    const flight = app.fetch(request);
    await clock.advance(takesMs);
    const response = await flight;
    randomNumber = 0.5;
    return response;
  }

  async function readResponse(response: Response): Promise<TextResponse> {
    const { status, headers } = response;
    const text = await response.text();
    return {
      status,
      headers,
      text,
      field(name) {
        const value: unknown = Reflect.get(JSON.parse(text), name);
        return typeof value === "string" ? value : "";
      },
    };
  }

  function writeRequest(method: string, path: string, headers: HeaderFields, body?: unknown): void {
    lines.push(
      "",
      `> ${method} ${path}`,
      ...headerLines(Object.entries(headers)).map((line) => `> ${line}`),
    );
    if (body !== undefined) {
      lines.push(`> ${typeof body === "string" ? body : JSON.stringify(body)}`);
    }
  }

  function writeResponse({ status, headers }: Pick<TextResponse, "status" | "headers">): void {
    lines.push(`< ${status}`, ...headerLines(headers).map((line) => `< ${line}`));
  }

  async function open(
    path: string,
    headers: HeaderFields = {},
    { isBlocked = false, takesMs = 0 }: Opening = {},
  ): Promise<OpenStream> {
    writeRequest("GET", path, headers);
    const response = await fetchPath("GET", path, { headers: { ...STREAM, ...headers }, takesMs });
    writeResponse(response);
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    let [text, shownTo, isEnded, isReading] = ["", 0, false, false];

    async function read(): Promise<void> {
      isReading = true;
      while (reader !== undefined && !isEnded) {
        const { done, value } = await reader.read();
        if (done) isEnded = true;
        else text += decoder.decode(value, { stream: true });
      }
    }

    hangUps.push(async () => await reader?.cancel());
    if (!isBlocked) void read();
    await clock.advance(0);
    return {
      async show() {
        if (!isReading) void read();
        await clock.advance(0);
        const unshown = text.slice(shownTo);
        shownTo = text.length;
        lines.push(unshown === "" ? "(nothing)" : readableFrames(unshown).replace(/\n$/, ""));
        if (isEnded) lines.push("(end of the stream)");
      },
      get cursor() {
        return [...text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? "";
      },
    };
  }

  const send = async (method: string, path: string, options: RequestOptions = {}) =>
    await readResponse(await fetchPath(method, path, options));

  const recorder: Scene = {
    send,
    async request(method, path, options = {}) {
      const response = await send(method, path, options);
      writeRequest(method, path, options.headers ?? {}, options.body);
      writeResponse(response);
      const isStream = response.headers.get("content-type") === "text/event-stream";
      const body = isStream ? readableFrames(response.text) : readable(response.text);
      if (body !== "" && !options.isBrief) lines.push(body.replace(/\n$/, ""));
      return response;
    },
    async summarise(method, path, options = {}) {
      const response = await fetchPath(method, path, options);
      const isStream = response.headers.get("content-type") === "text/event-stream";
      if (isStream) await response.body?.cancel();
      const recorded = await readResponse(isStream ? new Response(null, response) : response);
      const limits = ["allow", "retry-after", "ratelimit", "ratelimit-policy", "www-authenticate"]
        .flatMap((name) =>
          recorded.headers.has(name) ? [`${name}: ${recorded.headers.get(name)}`] : []
        );
      const { authorization: _, ...shown } = options.headers ?? {};
      const sent = headerLines(Object.entries(shown)).map((line) => ` [${line}]`).join("");
      const body = options.body === undefined
        ? ""
        : ` ${typeof options.body === "string" ? options.body : JSON.stringify(options.body)}`;
      lines.push(
        `${method} ${path}${sent}${body}`,
        `  ${[recorded.status, ...limits].join(" | ")}`,
        ...(recorded.status >= 400 ? [`  ${recorded.text}`] : []),
      );
      return recorded;
    },
    open,
    async publish(channel, data, type = "note") {
      const accepted = await send("POST", `/v1/events/${channel}`, {
        headers: PUBLISHER,
        body: { type, data },
      });
      return accepted.field("id");
    },
    async pass(ms) {
      await clock.advance(ms);
    },
    async drain() {
      await services.drain();
      await clock.advance(0);
    },
    note: (text) => void lines.push("", `-- ${text}`),
    name(value, label) {
      names.set(value, label);
      return value;
    },
  };
  try {
    await run(recorder);
  } finally {
    for (const hangUp of hangUps) await hangUp();
    await services.close();
  }
  return `${redact(lines.join("\n"), names)}\n`;
}

/** Runs scenes one after the other. @returns Their transcripts, as one text. */
export async function play(scenes: readonly (() => Promise<string>)[]): Promise<string> {
  const transcripts: string[] = [];
  for (const runScene of scenes) transcripts.push(await runScene());
  return transcripts.join("\n");
}
