/**
 * How a route is added that is asked for very often: streams, and publishing on channels.
 *
 * `app.openapi()` puts a middleware in front of a handler for each of its schemas. They were a sixth of the JavaScript of an
 * opening, so these routes read by their schemas what they are asked for, where they need it.
 *
 * @module
 */
import type { OpenAPIHono, RouteConfig, z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { Problem } from "../core/problem.ts";
import type { AppEnv } from "./client_address.ts";
import { badParameters } from "./router.ts";

/** A route as `createRoute()` declares it, but for its middleware. */
type Route = Omit<RouteConfig, "middleware"> & { getRoutingPath(): string };

function read<Value>(target: string, schema: z.ZodType<Value>, value: unknown): Value {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  throw badParameters(target, error);
}

/** The query: a parameter that comes several times is a list. @throws {Problem} 400 `bad_parameters`. */
export function readQuery<Value>(c: Context<AppEnv>, schema: z.ZodType<Value>): Value {
  const all = Object.entries(c.req.queries());
  const query = all.map(([name, values]) => [name, values.length > 1 ? values : values[0]]);
  return read("query", schema, Object.fromEntries(query));
}

/** One header. @throws {Problem} 400 `bad_parameters`. */
export function readHeader<Value>(
  c: Context<AppEnv>,
  name: string,
  schema: z.ZodType<Value>,
): Value {
  return read(name, schema, c.req.header(name));
}

/** The body. @throws {Problem} 400 `bad_request` where it is no JSON, `bad_parameters` where it is another. */
export async function readJson<Value>(
  c: Context<AppEnv>,
  schema: z.ZodType<Value>,
): Promise<Value> {
  let body: unknown;
  try {
    body = await c.req.json();
  } catch {
    throw new Problem(400, "bad_request", "The request cannot be read.");
  }
  return read("json", schema, body);
}

/** Adds a route to a router, and to the API's document. It reads what it is asked for itself. */
export function addRoute(
  app: OpenAPIHono<AppEnv>,
  route: Route,
  ...handlers: readonly [...MiddlewareHandler<AppEnv>[], (c: Context<AppEnv>) => Promise<Response>]
): void {
  app.openAPIRegistry.registerPath(route);
  app.on([route.method], [route.getRoutingPath()], ...handlers);
}
