/**
 * The REST server: https://upstash.com/docs/redis/features/restapi
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { BadRequest, readJson, readPlan, type RestRequest } from "./commands.ts";
import type { Executor, Outcome } from "./executor.ts";
import type { CommandFaults, RefusalKind } from "./faults.ts";
import { RedisUnavailableError } from "./redis_connection.ts";
import type { SubscribeCommand, Subscriptions } from "./subscriptions.ts";

/** The dependencies of the REST server. */
export interface RestServerContext {
  readonly token: string;
  readonly executor: Executor;
  readonly subscriptions: Subscriptions;
  readonly faults: CommandFaults;
  /** Sets the faults that another process requests. @returns The body of the response. */
  readonly runFaultOrder: (body: unknown) => unknown;
}

/** Answers HTTP requests. */
export interface RestServer {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Number of requests, without those for faults. */
  readonly requests: number;
}

const METHODS: ReadonlySet<string> = new Set(["HEAD", "GET", "POST", "PUT"]);
const MAX_BODY_BYTES = 10 * 1024 * 1024;
const QUOTA_ERROR = "ERR max requests limit exceeded. Limit: 500000, Usage: 500000.";

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    // A body that is too large is read to its end all the same: a client does not read while it sends.
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_BODY_BYTES) {
    const limit = `Limit: ${MAX_BODY_BYTES} bytes, Actual: ${bytes} bytes`;
    throw new BadRequest(`ERR max request size exceeded. ${limit}`);
  }
  return Buffer.concat(chunks);
}

function segmentsOf(path: string): string[] {
  try {
    return path.split("/").slice(1).map(decodeURIComponent);
  } catch {
    throw new BadRequest("ERR failed to parse command");
  }
}

function subscribeCommandOf(
  [kind = "", ...names]: readonly string[],
): SubscribeCommand | undefined {
  const command = kind.toUpperCase();
  if (command !== "SUBSCRIBE" && command !== "PSUBSCRIBE") return undefined;
  if (names.length > 0 && names.every((name) => name !== "")) return { command, names };
  throw new BadRequest(`ERR wrong number of arguments for '${kind}' command`);
}

/** Creates the REST server. */
export function createRestServer(
  { token, executor, subscriptions, faults, runFaultOrder }: RestServerContext,
): RestServer {
  let requests = 0;
  let responses = 0;

  function send(response: ServerResponse, status: number, body: unknown): void {
    if (response.destroyed) return;
    responses++;
    response.writeHead(status, {
      "content-type": "application/json",
      // The service counts its writes here. Only the service itself reads it.
      "upstash-sync-token": `local-${responses}`,
    });
    response.end(JSON.stringify(body));
  }

  function hasToken(request: IncomingMessage, query: URLSearchParams): boolean {
    const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    return (bearer ?? query.get("_token")) === token;
  }

  function refuse(kind: RefusalKind, response: ServerResponse): void {
    if (kind === "quota") return send(response, 400, { error: QUOTA_ERROR });
    if (kind === "close") return void response.destroy();
    response.writeHead(503, { "content-type": "text/html" });
    response.end("<html><body><h1>503 Service Unavailable</h1></body></html>");
  }

  /** Announces the length of a whole response, and sends half of it. */
  function breakOff(outcome: Outcome, response: ServerResponse): void {
    const body = new TextEncoder().encode(JSON.stringify(outcome.body));
    response.writeHead(outcome.status, {
      "content-type": "application/json",
      "content-length": body.length,
    });
    response.write(body.subarray(0, body.length >> 1), () => response.destroy());
  }

  async function runRequest(
    restRequest: RestRequest,
    isEncoded: boolean,
    response: ServerResponse,
  ): Promise<void> {
    requests++;
    const refusal = faults.refusal();
    if (refusal !== null) return refuse(refusal, response);
    await faults.wait();
    const subscription = subscribeCommandOf(restRequest.segments);
    if (subscription !== undefined) {
      await subscriptions.open(subscription, response);
      return executor.bill(subscription.names.map(() => subscription.command));
    }
    const plan = readPlan(restRequest);
    const outcome = await executor.run(plan, isEncoded);
    const lostAt = faults.loss(plan.commands.map(({ name }) => name));
    if (lostAt === "head") response.destroy();
    else if (lostAt === "body") breakOff(outcome, response);
    else send(response, outcome.status, outcome.body);
  }

  async function authenticate(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? "";
    if (!METHODS.has(method)) {
      return send(response, 405, { error: "ERR method not allowed" });
    }
    const { pathname, searchParams: query } = new URL(`http://localhost${request.url}`);
    if (!hasToken(request, query)) {
      return send(response, 401, { error: "WRONGPASS invalid or missing auth token" });
    }
    const body = await bodyOf(request);
    const segments = segmentsOf(pathname);
    if (method === "POST" && pathname === "/_faults") {
      return send(response, 200, runFaultOrder(readJson(body)));
    }
    const isEncoded = request.headers["upstash-encoding"] === "base64";
    await runRequest({ segments, query, body }, isEncoded, response);
  }

  return {
    get requests() {
      return requests;
    },
    async handle(request, response) {
      try {
        await authenticate(request, response);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (error instanceof BadRequest) return send(response, 400, { error: message });
        const isAway = error instanceof RedisUnavailableError;
        send(response, isAway ? 503 : 500, { error: `ERR stand-in: ${message}` });
      }
    },
  };
}
