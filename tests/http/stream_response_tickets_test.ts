/** Tokens and tickets of streams: expiry, and tickets that cannot be consumed. */
import { assertEquals } from "@std/assert";
import type { Topic } from "../../lib/core/topic.ts";
import type { Principal } from "../../lib/http/auth.ts";
import { StoreUnavailable } from "../../lib/store/errors.ts";
import { alerts } from "../hub/support.ts";
import { createOpenerUnderTest, disconnect } from "./stream_opener.ts";

const secret: Topic = { ...alerts, access: "private" };
const expiresAt = 1_700_000_060_000;
const ANN: Principal = { kind: "user", sub: "ann", topics: ["alerts"], expiresAt };
const TICKET: Principal = {
  kind: "ticket",
  ticket: "t",
  sub: "ann",
  topics: ["alerts"],
  expiresAt,
};

Deno.test("streamResponse() subscribes to a private topic until the rights expire, to a public one without end", async () => {
  const rightsEndOf = async (principal: Principal, topic = secret) => {
    await using streamOpener = createOpenerUnderTest({ principal });
    await disconnect(await streamOpener.open({ topic }));
    return streamOpener.subscriptions.map(({ rightsEndAt }) => rightsEndAt);
  };
  assertEquals(await rightsEndOf(ANN), [expiresAt]);
  assertEquals(await rightsEndOf(TICKET), [expiresAt]);
  assertEquals(await rightsEndOf({ ...TICKET, expiresAt: undefined }), [undefined]);
  assertEquals(await rightsEndOf({ kind: "publisher" }), [undefined]);
  assertEquals(await rightsEndOf(ANN, alerts), [undefined]);
});

Deno.test("streamResponse() consumes a ticket when the stream opens, and not if the budget refuses it", async () => {
  const consumed: string[] = [];
  const consume = (ticket: string) => Promise.resolve(consumed.push(ticket) === 1);
  await using streamOpener = createOpenerUnderTest({ principal: TICKET, perIsolate: 1, consume });
  assertEquals((await streamOpener.open({ topic: secret, method: "HEAD" })).status, 200);
  assertEquals(consumed, []);
  const open = await streamOpener.open({ topic: secret });
  assertEquals([open.status, consumed], [200, ["t"]]);
  assertEquals((await streamOpener.open({ topic: secret, accept: "*/*" })).status, 503);
  assertEquals(consumed, ["t"]);
  await disconnect(open);

  const again = await streamOpener.open({ topic: secret });
  assertEquals([again.status, (await again.json()).code], [401, "bad_ticket"]);
  assertEquals([consumed, streamOpener.budget.inUse, streamOpener.subscriptions.length], [
    ["t", "t"],
    0,
    1,
  ]);
});

Deno.test("streamResponse() responds with 503 and takes no slot while the store cannot consume a ticket", async () => {
  const consume = () => Promise.reject(new StoreUnavailable());
  await using streamOpener = createOpenerUnderTest({ principal: TICKET, consume });
  const { status, headers } = await streamOpener.open({ topic: secret });
  assertEquals([status, headers.get("retry-after"), streamOpener.budget.inUse], [503, "5", 0]);
});
