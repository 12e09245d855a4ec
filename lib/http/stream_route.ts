/**
 * How a stream is added to a router.
 *
 * `app.openapi()` puts a middleware in front of a handler for each of its schemas. They were a sixth of the JavaScript of an
 * opening, so streams read by their schemas what they are asked for, where they need it.
 *
 * @module
 */
import type { OpenAPIHono, RouteConfig, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Env } from "./connection.ts";
import { badParameters } from "./router.ts";

/** A route as `createRoute()` declares it. */
type Route = RouteConfig & { getRoutingPath(): string };

function read<Value>(target: string, schema: z.ZodType<Value>, value: unknown): Value {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  throw badParameters(target, error);
}

/** The parameters in the path. @throws {Problem} 400 `bad_parameters`. */
export function readParams<Value>(c: Context<Env>, schema: z.ZodType<Value>): Value {
  return read("param", schema, c.req.param());
}

/** The query: a parameter that comes several times is a list. @throws {Problem} 400 `bad_parameters`. */
export function readQuery<Value>(c: Context<Env>, schema: z.ZodType<Value>): Value {
  const all = Object.entries(c.req.queries());
  const query = all.map(([name, values]) => [name, values.length > 1 ? values : values[0]]);
  return read("query", schema, Object.fromEntries(query));
}

/** Adds a stream to a router, and to the API's document. It reads what it is asked for itself. */
export function addStream(
  app: OpenAPIHono<Env>,
  route: Route,
  open: (c: Context<Env>) => Promise<Response>,
): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), open);
}
