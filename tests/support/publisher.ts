/**
 * A publisher, over HTTP.
 *
 * @module
 */
import { z } from "zod";
import { ID, parse } from "./shapes.ts";

/** The secret of publishers in all end-to-end tests. */
export const PUBLISH_TOKEN = "end-to-end-publisher";

/** Settings under which {@linkcode publish} works, and nothing but the test's own limits counts. */
export const PUBLISHER_SETTINGS = {
  PUBLISH_TOKEN,
  PUBLISH_PER_MINUTE: "0",
  OPENS_PER_MINUTE: "0",
  STREAMS_PER_CLIENT: "5000",
  CHANNELS: JSON.stringify({
    alerts: { types: ["price_alert", "tick"] },
    calm: { types: ["tick"] },
  }),
};

/** The response to an accepted event. */
export const ACCEPTED = z.object({ id: ID });

/** The headers of a publisher. */
export const OF_PUBLISHER = { authorization: `Bearer ${PUBLISH_TOKEN}` };

/** Sends a request as a publisher, with a JSON body unless `body` is undefined. */
export async function sendAsPublisher(
  method: string,
  url: string,
  body?: unknown,
  token = PUBLISH_TOKEN,
) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(url, { method, headers, ...init });
  return { status: response.status, text: await response.text() };
}

/** Sends a request and parses its response. @throws {Error} If it is refused. */
export async function requestAsPublisher<T>(
  shape: z.ZodType<T>,
  method: string,
  url: string,
  body?: unknown,
  token?: string,
): Promise<T> {
  const { status, text } = await sendAsPublisher(method, url, body, token);
  if (status >= 200 && status < 300) return parse(shape, text);
  throw new Error(`${method} ${url} got ${status}: ${text}`);
}

/**
 * Publishes one event on a channel.
 *
 * @returns Its id.
 */
export async function publish(
  origin: string,
  channel: string,
  type: string,
  data: unknown,
): Promise<string> {
  return (await requestAsPublisher(ACCEPTED, "POST", `${origin}/v1/events/${channel}`, {
    type,
    data,
  })).id;
}
