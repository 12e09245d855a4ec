import { assert, assertEquals, assertFalse } from "@std/assert";
import { Problem, type ProblemStatus } from "../../lib/core/problem.ts";

const STATUSES: readonly ProblemStatus[] = [
  400,
  401,
  403,
  404,
  409,
  413,
  414,
  415,
  422,
  429,
  500,
  503,
];

Deno.test("Problem serialises its status, code and detail, and neither its stack nor its cause", () => {
  const problem = new Problem(400, "bad_symbol", "No such symbol.", {
    errors: [{ field: "symbols", detail: "XYZ is unknown" }],
    retryAfterMs: 1000,
    headers: { allow: "GET" },
    cause: new Error("secret"),
  });
  assertEquals(JSON.parse(JSON.stringify(problem)), {
    type: "about:blank",
    title: "Bad request",
    status: 400,
    detail: "No such symbol.",
    code: "bad_symbol",
    errors: [{ field: "symbols", detail: "XYZ is unknown" }],
  });
  assert(problem.cause instanceof Error);
});

Deno.test("Problem omits errors if there are none", () => {
  assertFalse("errors" in new Problem(404, "unknown", "Nothing here.").toJSON());
});

Deno.test("Problem has a title for every status", () => {
  for (const status of STATUSES) {
    assert(/^[A-Z]/.test(new Problem(status, "x", "x").toJSON().title), `${status}`);
  }
});
