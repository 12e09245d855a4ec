/** Publishing to two real servers on one real Redis: answers to a publisher, and events of a private channel. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { z } from "zod";
import { openStream, type StreamClient } from "../support/stream_client.ts";
import { createOrderWatch } from "../support/order.ts";
import { PUBLISH_TOKEN } from "../support/publisher.ts";
import type { ServerProcess } from "../support/server_process.ts";
import { ID, parse, PROBLEM } from "../support/shapes.ts";
import { AUTH_SECRET, signToken } from "../support/user_token.ts";
import { until } from "../support/within.ts";
import { redisTest } from "../support/programs.ts";
import { startFleet } from "../support/fleet.ts";

const PATH = "/v1/events/desk/stream";
const ACCEPTED = z.object({ id: ID });
const TICK = z.object({ data: z.object({ sender: z.int(), number: z.int() }) });
const TICKET = z.object({ ticket: z.string() });
const TOKEN = signToken({ sub: "ann", topics: ["events/desk"], exp: 9_999_999_999 });
const ANN = { authorization: `Bearer ${TOKEN}` };

const SETTINGS = {
  AUTH_SECRET,
  CHANNELS: JSON.stringify({ desk: { types: ["tick"], private: true } }),
  MAX_EVENT_BYTES: "1000",
};

/** Publishes, as a body or as data of a tick. */
async function send(
  { origin }: ServerProcess,
  body: unknown,
  { headers = {}, channel = "desk" }: { headers?: Record<string, string>; channel?: string } = {},
): Promise<Response> {
  return await fetch(`${origin}/v1/events/${channel}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${PUBLISH_TOKEN}`,
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** The status of an answer, and the id or the problem's code. */
async function outcomeOf(answer: Response): Promise<readonly [number, string]> {
  const text = await answer.text();
  return [
    answer.status,
    answer.status === 202 ? parse(ACCEPTED, text).id : parse(PROBLEM, text).code,
  ];
}

/** The status with which a stream is answered: it is hung up immediately. */
async function statusOf({ port }: ServerProcess, path: string, method = "GET"): Promise<number> {
  using stream = await openStream(port, path, { method });
  return stream.status;
}

/** The number of ticks whose order is checked: over all, and per sender. */
async function readTicks(stream: StreamClient, count: number): Promise<string[]> {
  const watch = createOrderWatch();
  const numbers = new Map<number, number>();
  const ids: string[] = [];
  while (ids.length < count) {
    const { id, data } = await stream.nextOf("tick");
    watch(id);
    const { sender, number } = parse(TICK, data).data;
    assertEquals(number, (numbers.get(sender) ?? -1) + 1, `of sender ${sender}`);
    numbers.set(sender, number);
    ids.push(id ?? "");
  }
  return ids;
}

redisTest(
  "ten concurrent senders on two servers lose no event to readers of both, and the order of each is preserved",
  async () => {
    await using fleet = await startFleet(SETTINGS);
    const servers = [fleet.one, fleet.other];
    const streams = await Promise.all(
      servers.map(({ port }) => openStream(port, PATH, { headers: ANN })),
    );
    for (const stream of streams) await stream.nextOf("sync");

    const accepted: string[] = [];
    await Promise.all([...Array(10).keys()].map(async (sender) => {
      // Each sender's publications take turns between the servers: their order is the order of its answers.
      for (let number = 0; number < 20; number++) {
        const server = servers[(sender + number) % 2] ?? fleet.one;
        const [status, id] = await outcomeOf(
          await send(server, { type: "tick", data: { sender, number } }),
        );
        assertEquals(status, 202, id);
        accepted.push(id);
      }
    }));
    for (const stream of streams) {
      assertEquals(new Set(await readTicks(stream, 200)), new Set(accepted));
      stream.hangUp();
    }
    assertEquals(new Set(accepted).size, 200);
  },
);

redisTest(
  "a publisher learns the outcome from either server, and a refused event reaches no reader",
  async () => {
    await using fleet = await startFleet(SETTINGS);
    const { one, other, redis } = fleet;
    using stream = await openStream(one.port, PATH, { headers: ANN });
    await stream.nextOf("sync");
    const tick = (number: number) => ({ type: "tick", data: { sender: 0, number } });

    assertEquals(await outcomeOf(await send(one, '{"type":"tick","data":NaN}')), [
      400,
      "bad_request",
    ]);
    assertEquals(await outcomeOf(await send(one, '{"type":"tick","data":1e999}')), [
      400,
      "unserialisable",
    ]);
    assertEquals(await outcomeOf(await send(one, tick(0), { channel: "nothing" })), [
      404,
      "unknown_topic",
    ]);
    assertEquals(await outcomeOf(await send(one, { type: "tick", data: "é".repeat(500) })), [
      413,
      "event_too_large",
    ]);
    assertEquals(await outcomeOf(await send(one, { type: "tock", data: 1 })), [
      422,
      "unknown_type",
    ]);
    assertEquals(await outcomeOf(await send(one, tick(0), { headers: ANN })), [401, "bad_token"]);

    // A key is one publication on whichever server it comes, also at once.
    const headers = { "idempotency-key": "order 1" };
    const answers = await Promise.all(
      [one, other, one, other].map(async (server) =>
        outcomeOf(await send(server, tick(0), { headers }))
      ),
    );
    const [first] = answers;
    for (const answer of answers) assertEquals(answer, first);
    assertEquals(first?.[0], 202);
    assertEquals(await outcomeOf(await send(other, tick(9), { headers })), [
      422,
      "idempotency_key_reused",
    ]);

    const [status, next] = await outcomeOf(await send(other, tick(1)));
    assertEquals(status, 202);
    assertEquals(await readTicks(stream, 2), [first?.[1], next]);

    await redis.kill();
    const refused = await send(one, tick(2));
    assertEquals([refused.status, refused.headers.get("retry-after")], [503, "5"]);
    assertEquals(parse(PROBLEM, await refused.text()).code, "store_away");
    // No ticket is issued while it cannot be stored.
    const ticket = await makeTicket(one);
    assertEquals([ticket.status, parse(PROBLEM, await ticket.text()).code], [503, "store_away"]);
    await redis.restart();
    const again = await until("a publication that is taken", async () => {
      const answer = await outcomeOf(
        await send(other, tick(2), { headers: { "idempotency-key": "2" } }),
      );
      return answer[0] === 202 ? answer[1] : undefined;
    });
    assertEquals((await stream.nextOf("tick")).id, again);
  },
);

async function makeTicket({ origin }: ServerProcess): Promise<Response> {
  return await fetch(`${origin}/v1/tickets`, {
    method: "POST",
    headers: { "content-type": "application/json", ...ANN },
    body: JSON.stringify({ topics: ["events/desk"] }),
  });
}

redisTest(
  "a ticket of one server opens one stream of the other, and a refused request costs Redis nothing",
  async () => {
    await using fleet = await startFleet(SETTINGS);
    const { one, other, standIn } = fleet;
    const ticketOf = async () => parse(TICKET, await (await makeTicket(one)).text()).ticket;
    const [ticket, second] = [await ticketOf(), await ticketOf()];
    assertNotEquals(ticket, second);

    await standIn.resetCommands();
    assertEquals(await statusOf(other, PATH), 401);
    assertEquals(await statusOf(other, `${PATH}?ticket=${ticket}x`), 401);
    assertEquals(await statusOf(other, `${PATH}?token=${TOKEN}`), 400);
    assertEquals(await statusOf(other, `${PATH}?ticket=${ticket}`, "HEAD"), 200);
    assertEquals((await standIn.commandsAtRedis()).total, 0);

    // Of many that come at once one gets in.
    const path = `${PATH}?ticket=${ticket}`;
    const statuses = await Promise.all(
      [one, other, one, other].map((server) => statusOf(server, path)),
    );
    assertEquals(statuses.toSorted(), [200, 401, 401, 401]);

    using stream = await openStream(other.port, `${PATH}?ticket=${second}`);
    await stream.nextOf("sync");
    const [, id] = await outcomeOf(
      await send(one, { type: "tick", data: { sender: 0, number: 0 } }),
    );
    assertEquals(await readTicks(stream, 1), [id]);
    for (const server of [one, other]) {
      for (const secret of [TOKEN, ticket, second, AUTH_SECRET, PUBLISH_TOKEN]) {
        assert(!server.output().includes(secret), "a token is in the log");
      }
    }
  },
);
