import { assertEquals } from "@std/assert";
import { HTTPException } from "hono/http-exception";
import { Problem } from "../../lib/core/problem.ts";
import { problemResponse, problems, toProblem } from "../../lib/http/problem_response.ts";

Deno.test("problemResponse() sends a problem in the form of RFC 9457, and nothing of its cause", async () => {
  const errors = [{ field: "data.price", detail: "is not a number" }];
  const response = problemResponse(
    new Problem(422, "wrong_shape", "The data is not a valid quote.", {
      errors,
      cause: new Error("hush"),
      headers: { "x-more": "1" },
    }),
  );
  assertEquals(response.status, 422);
  assertEquals(Object.fromEntries(response.headers), {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "x-more": "1",
  });
  assertEquals(await response.json(), {
    type: "about:blank",
    title: "Unprocessable content",
    status: 422,
    detail: "The data is not a valid quote.",
    code: "wrong_shape",
    errors,
  });
});

Deno.test("problemResponse() rounds Retry-After up to whole seconds", () => {
  for (const [retryAfterMs, seconds] of [[1, "1"], [1000, "1"], [1001, "2"], [59_999.5, "60"]]) {
    const options = { retryAfterMs: Number(retryAfterMs) };
    const { headers } = problemResponse(new Problem(429, "too_often", "Wait.", options));
    assertEquals(headers.get("retry-after"), seconds);
  }
});

Deno.test("toProblem() keeps a problem, and converts the errors of hono", () => {
  const problem = new Problem(404, "unknown_topic", "There is none.");
  assertEquals(toProblem(problem), problem);
  const convert = (status: 400 | 413 | 500) => {
    const { status: sent, code } = toProblem(new HTTPException(status, { message: "hush" }));
    return [sent, code];
  };
  assertEquals(convert(400), [400, "bad_request"]);
  assertEquals(convert(413), [413, "body_too_large"]);
  assertEquals(convert(500), [500, "internal_error"]);
});

Deno.test("toProblem() reveals nothing of an unexpected error", async () => {
  for (const thrown of [new TypeError("hush at /srv/lib/x.ts:1"), "hush", null]) {
    const response = problemResponse(toProblem(thrown));
    assertEquals([response.status, await response.json()], [500, {
      type: "about:blank",
      title: "Internal error",
      status: 500,
      detail: "The server failed to answer. It is not the request's fault.",
      code: "internal_error",
    }]);
  }
});

Deno.test("problems() declares each status as a problem", () => {
  const declared = problems(400, 503);
  assertEquals(Object.keys(declared), ["400", "503"]);
  for (const { description, content } of Object.values(declared)) {
    assertEquals([description !== "", Object.keys(content)], [true, ["application/problem+json"]]);
  }
});
