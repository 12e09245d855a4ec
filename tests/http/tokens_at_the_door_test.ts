/** What a token does to a stream: when it ends, and what a ticket that cannot be spent takes. */
import { assertEquals } from "@std/assert";
import type { Caller } from "../../lib/http/auth.ts";
import { StoreAway } from "../../lib/store/errors.ts";
import { alerts } from "../hub/support.ts";
import { createDoorUnderTest, hangUp } from "./stream_opener.ts";

const secret = { ...alerts, isPrivate: true };
const endsAt = 1_700_000_060_000;
const ANN: Caller = { kind: "user", sub: "ann", topics: ["alerts"], endsAt };
const TICKET: Caller = { kind: "ticket", ticket: "t", sub: "ann", topics: ["alerts"], endsAt };

Deno.test("streamResponse() has a private stream end with the right to it, and a public one not", async () => {
  const endOf = async (caller: Caller, topic = secret) => {
    await using door = createDoorUnderTest({ caller });
    await hangUp(await door.visit({ topic }));
    return door.asked.map(({ rightsEndAt }) => rightsEndAt);
  };
  assertEquals(await endOf(ANN), [endsAt]);
  assertEquals(await endOf(TICKET), [endsAt]);
  assertEquals(await endOf({ ...TICKET, endsAt: undefined }), [undefined]);
  assertEquals(await endOf({ kind: "publisher" }), [undefined]);
  assertEquals(await endOf(ANN, alerts), [undefined]);
});

Deno.test("streamResponse() spends a ticket when the stream opens, and not where the budget refuses", async () => {
  const spent: string[] = [];
  const spend = (ticket: string) => Promise.resolve(spent.push(ticket) === 1);
  await using door = createDoorUnderTest({ caller: TICKET, perIsolate: 1, spend });
  assertEquals((await door.visit({ topic: secret, method: "HEAD" })).status, 200);
  assertEquals(spent, []);
  const open = await door.visit({ topic: secret });
  assertEquals([open.status, spent], [200, ["t"]]);
  assertEquals((await door.visit({ topic: secret, accept: "*/*" })).status, 503);
  assertEquals(spent, ["t"]);
  await hangUp(open);

  const again = await door.visit({ topic: secret });
  assertEquals([again.status, (await again.json()).code], [401, "bad_ticket"]);
  assertEquals([spent, door.budget.inUse, door.asked.length], [["t", "t"], 0, 1]);
});

Deno.test("streamResponse() answers 503 and takes no seat where nobody can tell whether a ticket was spent", async () => {
  const spend = () => Promise.reject(new StoreAway());
  await using door = createDoorUnderTest({ caller: TICKET, spend });
  const { status, headers } = await door.visit({ topic: secret });
  assertEquals([status, headers.get("retry-after"), door.budget.inUse], [503, "5", 0]);
});
