import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { etagMatches, etagOf } from "../../lib/http/etag.ts";

Deno.test("etagOf() returns a weak tag that is equal for equal JSON and differs for any other", () => {
  const tag = etagOf({ quotes: [1], status: [] });
  assertMatch(tag, /^W\/"[0-9a-f]{24}"$/);
  assertEquals(etagOf({ quotes: [1], status: [] }), tag);
  assertNotEquals(etagOf({ quotes: [2], status: [] }), tag);
});

Deno.test("etagMatches() compares weakly, with every tag of the list", () => {
  const tag = 'W/"abc"';
  for (const header of ['W/"abc"', '"abc"', 'W/"x", "abc"', '"abc" , W/"x"', "*"]) {
    assert(etagMatches(header, tag), header);
  }
  for (const header of [undefined, "", '"x"', "abc", '"ab"', 'W/"abcd"']) {
    assert(!etagMatches(header, tag), String(header));
  }
});
