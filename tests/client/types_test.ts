import { assertMatch } from "@std/assert";

Deno.test("types.js is a module: TypeScript treats the types of a script as any", async () => {
  const file = new URL("../../lib/client/client/types.js", import.meta.url);
  assertMatch(await Deno.readTextFile(file), /^export /m);
});
