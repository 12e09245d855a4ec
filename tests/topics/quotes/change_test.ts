import { assertEquals } from "@std/assert";
import { measureChange } from "../../../lib/topics/quotes/change.ts";
Deno.test("measureChange() has no decimals that only the final zeros of a baseline need", () => {
  const changes = ["98061.76000000", "98061.00", "98000"].map((price) =>
    measureChange("crypto", "97068.9", { price, basis: "rolling_24h" }).change
  );
  assertEquals(changes, ["-992.86", "-992.1", "-931.1"]);
});
