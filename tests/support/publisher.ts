/**
 * A publisher of channel events, over HTTP.
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

const ACCEPTED = z.object({ id: ID });

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
  const answer = await fetch(`${origin}/v1/events/${channel}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${PUBLISH_TOKEN}` },
    body: JSON.stringify({ type, data }),
  });
  const text = await answer.text();
  if (answer.status !== 202) throw new Error(`Publishing was answered ${answer.status}: ${text}`);
  return parse(ACCEPTED, text).id;
}
