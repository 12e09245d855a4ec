/**
 * News in the whole app: a publisher, and readers of streams and polls.
 *
 * @module
 */
import { assert } from "@std/assert";
import { z } from "zod";
import { Article } from "../../lib/topics/news/article.ts";
import { FeedStatus } from "../../lib/topics/news/feed_status.ts";
import type { FetchLike, Runtime } from "../../lib/core/runtime.ts";
import type { Client } from "../hub/support.ts";
import { type AppUnderTest, createAppUnderTest, TOKEN } from "./support.ts";

/** The body of `GET /v1/news`. */
export const NEWS_BODY = z.strictObject({
  articles: z.array(Article),
  retracted: z.array(z.string()),
  gap: z.boolean(),
  feeds: z.array(FeedStatus),
  cursor: z.string().nullable(),
  next_poll_delay: z.int(),
});

/** Creates a submission. @param fields Replace the default ones. */
export function story(n: number, fields: Readonly<Record<string, unknown>> = {}) {
  return { title: `Story ${n}`, url: `https://stories.example/${n}`, source: "desk", ...fields };
}

/** An app and its publisher. */
export interface NewsUnderTest extends AppUnderTest {
  /** Sends a publisher's request. */
  write(
    method: "POST" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Response>;
  /** Posts an article. Fails if it is refused. */
  post(n: number, fields?: Readonly<Record<string, unknown>>): Promise<Article>;
  /** Requests the list. @param query With its question mark. */
  list(query?: string): Promise<z.infer<typeof NEWS_BODY>>;
}

/** Fails as an unreachable network, so that no article comes from a feed. */
export const rejectFetch = () => Promise.reject(new Error("no feed can be reached"));

/** Creates an app whose news come from a publisher, and from feeds if `fetch` delivers them. */
export function createNewsUnderTest(
  env: Readonly<Record<string, string>> = {},
  fetch: FetchLike = rejectFetch,
  resolve?: Runtime["resolve"],
): NewsUnderTest {
  const test = createAppUnderTest(env, fetch, resolve);

  function write(
    method: "POST" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    return test.send(path, {
      method,
      ...(body === undefined ? {} : {
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
      headers: {
        authorization: `Bearer ${TOKEN}`,
        "content-type": "application/json",
        ...headers,
      },
    });
  }

  return {
    ...test,
    write,
    async post(n, fields) {
      const response = await write("POST", "/v1/news", story(n, fields));
      const body = await response.json();
      assert(response.ok, JSON.stringify(body));
      return Article.parse(body);
    },
    async list(query = "") {
      return NEWS_BODY.parse(await (await test.send(`/v1/news${query}`)).json());
    },
  };
}

/** Returns the article events of a stream, in order: the type and the title, or the id of a retraction. */
export function articleEvents({ frames }: Client): string[] {
  return frames.filter(({ event }) => event.startsWith("article")).map(({ event, data }) => {
    const { title, id } = JSON.parse(data);
    return `${event} ${title ?? id}`;
  });
}
