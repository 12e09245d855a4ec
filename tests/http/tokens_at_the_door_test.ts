/** What a token does to a stream: when it ends, and what a ticket that cannot be spent takes. */
import { assertEquals } from "@std/assert";
import type { Topic } from "../../lib/core/topic.ts";
import type { Principal } from "../../lib/http/auth.ts";
import { StoreUnavailable } from "../../lib/store/errors.ts";
import { alerts } from "../hub/support.ts";
import { createDoorUnderTest, hangUp } from "./stream_opener.ts";

const secret: Topic = { ...alerts, access: "private" };
const endsAt = 1_700_000_060_000;
const ANN: Principal = { kind: "user", sub: "ann", topics: ["alerts"], endsAt };
const TICKET: Principal = { kind: "ticket", ticket: "t", sub: "ann", topics: ["alerts"], endsAt };

Deno.test("streamResponse() has a private stream end with the right to it, and a public one not", async () => {
  const endOf = async (principal: Principal, topic = secret) => {
    await using streamOpener = createDoorUnderTest({ principal });
    await hangUp(await streamOpener.visit({ topic }));
    return streamOpener.asked.map(({ rightsEndAt }) => rightsEndAt);
  };
  assertEquals(await endOf(ANN), [endsAt]);
  assertEquals(await endOf(TICKET), [endsAt]);
  assertEquals(await endOf({ ...TICKET, endsAt: undefined }), [undefined]);
  assertEquals(await endOf({ kind: "publisher" }), [undefined]);
  assertEquals(await endOf(ANN, alerts), [undefined]);
});

Deno.test("streamResponse() spends a ticket when the stream opens, and not where the budget refuses", async () => {
  const spent: string[] = [];
  const consume = (ticket: string) => Promise.resolve(spent.push(ticket) === 1);
  await using streamOpener = createDoorUnderTest({ principal: TICKET, perIsolate: 1, consume });
  assertEquals((await streamOpener.visit({ topic: secret, method: "HEAD" })).status, 200);
  assertEquals(spent, []);
  const open = await streamOpener.visit({ topic: secret });
  assertEquals([open.status, spent], [200, ["t"]]);
  assertEquals((await streamOpener.visit({ topic: secret, accept: "*/*" })).status, 503);
  assertEquals(spent, ["t"]);
  await hangUp(open);

  const again = await streamOpener.visit({ topic: secret });
  assertEquals([again.status, (await again.json()).code], [401, "bad_ticket"]);
  assertEquals([spent, streamOpener.budget.inUse, streamOpener.asked.length], [["t", "t"], 0, 1]);
});

Deno.test("streamResponse() answers 503 and takes no seat where nobody can tell whether a ticket was spent", async () => {
  const consume = () => Promise.reject(new StoreUnavailable());
  await using streamOpener = createDoorUnderTest({ principal: TICKET, consume });
  const { status, headers } = await streamOpener.visit({ topic: secret });
  assertEquals([status, headers.get("retry-after"), streamOpener.budget.inUse], [503, "5", 0]);
});
