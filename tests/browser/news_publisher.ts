/**
 * A publisher of news, over HTTP.
 *
 * @module
 */
import { z } from "zod";
import { requestAsPublisher, sendAsPublisher } from "../support/publisher.ts";

const PublishedArticle = z.object({ id: z.string() });

/** Publishes an article. Returns its id. Fails if it is refused. */
export async function publishArticle(
  origin: string,
  article: {
    readonly title: string;
    readonly url: string;
    readonly source: string;
    readonly symbols?: readonly string[];
  },
): Promise<string> {
  return (await requestAsPublisher(PublishedArticle, "POST", `${origin}/v1/news`, article)).id;
}

/** Corrects the title of an article. Fails if the correction is refused. */
export async function correctTitle(origin: string, id: string, title: string): Promise<void> {
  await requestAsPublisher(PublishedArticle, "PATCH", `${origin}/v1/news/${id}`, { title });
}

/** Retracts an article. Fails if the retraction is refused. */
export async function retractArticle(origin: string, id: string): Promise<void> {
  const { status, text } = await sendAsPublisher("DELETE", `${origin}/v1/news/${id}`);
  if (status !== 204) throw new Error(`The retraction was refused: ${status} ${text}`);
}
