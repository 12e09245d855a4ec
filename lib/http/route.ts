/**
 * Routes: the schemas of a request, its documentation and its handler, in one call.
 *
 * A route checks its input in the handler. The validators of `app.openapi()`, one middleware per schema, took a quarter of
 * the JavaScript time of an opening and a seventh of that of a publication.
 *
 * @module
 */
import { OpenAPIHono, type RouteConfig, z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { Problem } from "../core/problem.ts";
import type { AppEnv } from "./app_env.ts";
import { tokenInUrl } from "./auth.ts";
import { problems } from "./problem_response.ts";

/** A router, and its part of the API's document. */
export type Router = OpenAPIHono<AppEnv>;

/** The schemas of a request's parts. Only the headers that the schema names are read. */
export type RequestSchemas = {
  readonly query?: z.ZodObject;
  readonly params?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: z.ZodType;
};

/** A route: its method and path, its documentation, its middleware, the schemas of its input. */
export interface RouteSpec<Schemas extends RequestSchemas>
  extends Omit<RouteConfig, "middleware" | "request"> {
  readonly method: "get" | "post" | "patch" | "delete";
  readonly request: Schemas;
  /** Runs before the input is read. */
  readonly middleware?: readonly MiddlewareHandler<AppEnv>[];
}

/** The parsed parts of a request. */
export type RouteInput<Schemas extends RequestSchemas> = z.output<z.ZodObject<Schemas>>;

/** Handles a request whose input fits the schemas. */
export type RouteHandler<Schemas extends RequestSchemas> = (
  c: Context<AppEnv>,
  input: RouteInput<Schemas>,
) => Response | Promise<Response>;

/** The names of the parts in problems. */
const TARGETS = new Map([["params", "param"], ["headers", "header"], ["body", "json"]]);

/** Creates a router. */
export function createRouter(): Router {
  return new OpenAPIHono<AppEnv>();
}

/**
 * Creates the problem of an input that does not fit its schema: 400 `bad_parameters`, or `token_in_url`. It names the
 * invalid fields of the first part that has any.
 */
function badParameters({ issues }: z.ZodError): Problem {
  const unknownNames = issues.flatMap((issue) =>
    issue.code === "unrecognized_keys" && issue.path[0] === "query" ? issue.keys : []
  );
  const token = unknownNames.map(tokenInUrl).find((problem) => problem !== null);
  if (token) return token;
  const part = String(issues[0]?.path[0]);
  const target = TARGETS.get(part) ?? part;
  const errors = issues.filter(({ path }) => path[0] === part).flatMap((issue) => {
    const path = issue.path.slice(1);
    return issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({ field: [...path, key].join("."), detail: "Unknown" }))
      : [{ field: path.join(".") || target, detail: issue.message }];
  });
  const detail = part === "body"
    ? "The body does not fit its schema. `errors` names the fields."
    : "The parameters do not fit their schema. `errors` names them.";
  return new Problem(400, "bad_parameters", detail, { errors });
}

/** Reads the query. A repeated parameter is a list. */
function readQuery(c: Context<AppEnv>): Record<string, string | string[] | undefined> {
  if (!c.req.url.includes("?")) return {};
  const parameters = Object.entries(c.req.queries());
  return Object.fromEntries(
    parameters.map(([name, values]) => [name, values.length > 1 ? values : values[0]]),
  );
}

/**
 * Adds a route to a router and to the API's document.
 *
 * The handler throws a {@linkcode Problem} for every refusal. The route itself refuses with 400 `bad_request` (a body
 * that is not JSON) and 400 `bad_parameters` (an input that does not fit its schema).
 */
export function route<Schemas extends RequestSchemas>(
  app: Router,
  { middleware = [], request, ...documented }: RouteSpec<Schemas>,
  handler: RouteHandler<Schemas>,
): void {
  const { query, params, headers, body } = request;
  // A typing error in a filter must not answer everything. Pages and assets keep parameters of campaigns and caches.
  const isApi = documented.path.startsWith("/v1/");
  const querySchema = isApi ? (query ?? z.object({})).strict() : query;
  const input = z.object({ ...request, ...querySchema && { query: querySchema } });
  const headerNames = Object.keys(headers?.shape ?? {});

  function parseInput(c: Context<AppEnv>, json?: unknown): RouteInput<Schemas> {
    const { success, data, error } = input.safeParse({
      ...querySchema && { query: readQuery(c) },
      ...params && { params: c.req.param() },
      ...headers &&
        { headers: Object.fromEntries(headerNames.map((name) => [name, c.req.header(name)])) },
      ...body && { body: json },
    });
    if (!success) throw badParameters(error);
    return data;
  }

  app.openAPIRegistry.registerPath({
    ...documented,
    responses: { ...isApi && problems(400), ...documented.responses },
    request: {
      ...query && { query },
      ...params && { params },
      ...headers && { headers },
      ...body && { body: { required: true, content: { "application/json": { schema: body } } } },
    },
  });
  app.on(
    [documented.method],
    [documented.path.replaceAll(/\{(\w+)\}/g, ":$1")],
    ...middleware,
    body
      ? async (c) => handler(c, parseInput(c, await readJson(c)))
      : (c) => handler(c, parseInput(c)),
  );
}

/**
 * Parses the body.
 *
 * @throws {Problem} 400 `bad_request`: the body is not JSON.
 */
async function readJson(c: Context<AppEnv>): Promise<unknown> {
  try {
    return await c.req.json();
  } catch {
    throw new Problem(400, "bad_request", "The body cannot be parsed as JSON.");
  }
}
