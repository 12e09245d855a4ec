import { assertEquals } from "@std/assert";
import { createRedisKeys } from "../../../lib/store/redis/keys.ts";

Deno.test("createRedisKeys() has the names that databases contain", () => {
  const keys = createRedisKeys("p");
  assertEquals(
    {
      ...keys,
      log: keys.log("t"),
      prevOverrides: keys.prevOverrides("t"),
      state: keys.state("t"),
      publication: keys.publication("k"),
      lease: keys.lease("l"),
      value: keys.value("k"),
      openIndex: keys.openIndex("i"),
    },
    {
      bus: "p:bus",
      epoch: "p:birth",
      channel: "p:bus",
      log: "p:log:t",
      prevOverrides: "p:handed:t",
      state: "p:state:t",
      publication: "p:once:k",
      lease: "p:lease:l",
      value: "p:value:k",
      openIndex: "p:roll:i",
    },
  );
});
