/**
 * The public app on a manual clock, and the transcript of what it is asked and answers: HTTP in, bytes out.
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
import { createApp } from "../../routes/app.ts";
import { createManualClock } from "../support/manual_clock.ts";
import { AUTH_SECRET, signToken } from "../support/user_token.ts";

export { readConfig, SETTINGS };

const PUBLISH_TOKEN = "a-token-of-sixteen";

/** The settings of every scene: the demo with a publisher, users, a public and a private channel. */
const BASE_ENV = {
  DEMO: "1",
  PUBLISH_TOKEN,
  AUTH_SECRET,
  CHANNELS: JSON.stringify({
    alerts: { types: ["price_alert", "note"] },
    secret: { types: ["note"], private: true },
  }),
};

type HeaderFields = Readonly<Record<string, string>>;

/** Headers of the callers. */
export const PUBLISHER: HeaderFields = { authorization: `Bearer ${PUBLISH_TOKEN}` };
export const STREAM: HeaderFields = { accept: "text/event-stream" };

/** The header of a user. @param claims More claims, or others. */
export function userOf(sub: string, claims: Readonly<Record<string, unknown>> = {}): HeaderFields {
  return { authorization: `Bearer ${signToken({ sub, exp: 1_700_086_400, ...claims })}` };
}

/** Settings of a scene, and the parts of the outside that do not answer. */
export interface SceneOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Tells which hosts do not answer. */
  readonly isDown?: (host: string) => boolean;
  /** Keeps the shared state in a Redis that does not answer. */
  readonly hasStoreDown?: boolean;
}

/** A request. */
export interface Asked {
  readonly headers?: HeaderFields;
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown;
  /** The time to let pass until the answer, in milliseconds. */
  readonly takesMs?: number;
  /** Leaves the body out of the transcript. */
  readonly isBrief?: boolean;
}

/** An answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body's field of this name, empty where it has none. */
  field(name: string): string;
}

/** Options of an opening. */
export interface Opening {
  /** True for a client that reads nothing until its first `show()`. */
  readonly isBlocked?: boolean;
  /** The time to let pass until the answer, in milliseconds. */
  readonly takesMs?: number;
}

/** A stream that is open. */
export interface OpenStream {
  /** Writes down what came since the last time. */
  show(): Promise<void>;
  /** The last id that came. */
  readonly cursor: string;
}

/** The app in a scene. Every request and answer goes into the transcript. */
export interface Scene {
  ask(method: string, path: string, asked?: Asked): Promise<Answer>;
  /** As {@linkcode ask}, but in two lines: for tables. */
  tell(method: string, path: string, asked?: Asked): Promise<Answer>;
  /** As {@linkcode ask}, but nothing of it is written down. */
  quietly(method: string, path: string, asked?: Asked): Promise<Answer>;
  open(path: string, headers?: HeaderFields, opening?: Opening): Promise<OpenStream>;
  /** Publishes on a channel, and writes down nothing. @returns The event's id. */
  publish(channel: string, data: unknown, type?: string): Promise<string>;
  pass(ms: number): Promise<void>;
  drain(): Promise<void>;
  note(text: string): void;
  /** Replaces a volatile value by a name, everywhere in the scene. */
  name(value: string, label: string): string;
}

const EVENT_ID = /\b\d{13}-\d+\b/g;

/** Compares event ids by time and number. */
function compareIds(a: string, b: string): number {
  const [aMs = "", aN = ""] = a.split("-");
  const [bMs = "", bN = ""] = b.split("-");
  return Number(aMs) - Number(bMs) || aN.length - bN.length || (aN < bN ? -1 : aN > bN ? 1 : 0);
}

/** Replaces what is volatile: event ids become their rank in the scene, so that their order remains visible. */
function redact(text: string, names: ReadonlyMap<string, string>): string {
  const named = [...names].sort(([a], [b]) => b.length - a.length)
    .reduce((all, [value, label]) => all.replaceAll(value, `<${label}>`), text);
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

/** JSON over several lines, where it was written in JSON's shortest form; else as it is. */
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

/** Plays a scene with an app of its own. @returns The transcript. */
export async function scene(
  title: string,
  play: (app: Scene) => Promise<void>,
  { env = {}, isDown = () => false, hasStoreDown = false }: SceneOptions = {},
): Promise<string> {
  const clock = createManualClock();
  const lines: string[] = [`== ${title}`];
  const names = new Map<string, string>();
  /** The same in whatever order it is asked for; of its own in each POST, so that no two ids are the same. */
  let chance = 0.5;
  const outside = () => Promise.reject(new Error("the test went outside"));
  const demo = createDemoRuntime({
    clock,
    random: () => chance,
    log: createLogger("error", clock, () => {}),
    fetch: outside,
    resolve: outside,
    readAsset: () => Promise.reject(new Error("there is no such file")),
  });
  const redis = {
    UPSTASH_REDIS_REST_URL: "https://redis.example",
    UPSTASH_REDIS_REST_TOKEN: "token",
  };
  const services = createServices(
    readConfig({ ...BASE_ENV, ...(hasStoreDown ? redis : {}), ...env }),
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

  async function send(method: string, path: string, { headers = {}, body, takesMs = 0 }: Asked) {
    const hasBody = body !== undefined;
    const isJson = hasBody && headers["content-type"] === undefined;
    const request = new Request(new URL(path, "http://localhost"), {
      method,
      headers: { ...(isJson ? { "content-type": "application/json" } : {}), ...headers },
      ...(hasBody ? { body: typeof body === "string" ? body : JSON.stringify(body) } : {}),
    });
    if (method === "POST") chance = 0.5 + ++posts / 1024;
    const flight = app.fetch(request);
    await clock.advance(takesMs);
    const response = await flight;
    chance = 0.5;
    return response;
  }

  async function answerOf(response: Response): Promise<Answer> {
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
      ...headerLines(Object.entries(headers)).map((each) => `> ${each}`),
    );
    if (body !== undefined) {
      lines.push(`> ${typeof body === "string" ? body : JSON.stringify(body)}`);
    }
  }

  function writeAnswer({ status, headers }: Pick<Answer, "status" | "headers">): void {
    lines.push(`< ${status}`, ...headerLines(headers).map((each) => `< ${each}`));
  }

  async function open(
    path: string,
    headers: HeaderFields = {},
    { isBlocked = false, takesMs = 0 }: Opening = {},
  ): Promise<OpenStream> {
    writeRequest("GET", path, headers);
    const response = await send("GET", path, { headers: { ...STREAM, ...headers }, takesMs });
    writeAnswer(response);
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
        const more = text.slice(shownTo);
        shownTo = text.length;
        lines.push(more === "" ? "(nothing)" : readableFrames(more).replace(/\n$/, ""));
        if (isEnded) lines.push("(end of the stream)");
      },
      get cursor() {
        return [...text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? "";
      },
    };
  }

  const quietly = async (method: string, path: string, asked: Asked = {}) =>
    await answerOf(await send(method, path, asked));

  const told: Scene = {
    quietly,
    async ask(method, path, asked = {}) {
      const answer = await quietly(method, path, asked);
      writeRequest(method, path, asked.headers ?? {}, asked.body);
      writeAnswer(answer);
      const isStream = answer.headers.get("content-type") === "text/event-stream";
      const body = isStream ? readableFrames(answer.text) : readable(answer.text);
      if (body !== "" && !asked.isBrief) lines.push(body.replace(/\n$/, ""));
      return answer;
    },
    async tell(method, path, asked = {}) {
      const response = await send(method, path, asked);
      const isStream = response.headers.get("content-type") === "text/event-stream";
      if (isStream) await response.body?.cancel();
      const answer = await answerOf(isStream ? new Response(null, response) : response);
      const told = ["allow", "retry-after", "ratelimit", "ratelimit-policy", "www-authenticate"]
        .flatMap((name) =>
          answer.headers.has(name) ? [`${name}: ${answer.headers.get(name)}`] : []
        );
      const { authorization: _, ...shown } = asked.headers ?? {};
      const sent = headerLines(Object.entries(shown)).map((each) => ` [${each}]`).join("");
      const body = asked.body === undefined
        ? ""
        : ` ${typeof asked.body === "string" ? asked.body : JSON.stringify(asked.body)}`;
      lines.push(
        `${method} ${path}${sent}${body}`,
        `  ${[answer.status, ...told].join(" | ")}`,
        ...(answer.status >= 400 ? [`  ${answer.text}`] : []),
      );
      return answer;
    },
    open,
    async publish(channel, data, type = "note") {
      const answer = await quietly("POST", `/v1/events/${channel}`, {
        headers: PUBLISHER,
        body: { type, data },
      });
      return answer.field("id");
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
    await play(told);
  } finally {
    for (const hangUp of hangUps) await hangUp();
    await services.close();
  }
  return `${redact(lines.join("\n"), names)}\n`;
}

/** Plays scenes one after the other. @returns Their transcripts, as one text. */
export async function play(scenes: readonly (() => Promise<string>)[]): Promise<string> {
  const all: string[] = [];
  for (const each of scenes) all.push(await each());
  return all.join("\n");
}
