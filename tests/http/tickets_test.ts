import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { Problem } from "../../lib/core/problem.ts";
import { createTickets } from "../../lib/http/tickets.ts";
import { createMemoryStore } from "../../lib/store/memory/store.ts";
import { createManualClock } from "../support/manual_clock.ts";
import { signToken } from "../support/user_token.ts";
import { anyCharacter } from "../support/any_character.ts";

const SECRET = "a-secret-of-thirty-two-bytes-or-more";
const RIGHTS = { sub: "ann", topics: ["events/secret"], expiresAt: undefined };

function createTicketsUnderTest(secret = SECRET) {
  const clock = createManualClock();
  const memory = createMemoryStore(clock);
  const calls: string[] = [];
  const store = {
    set: (key: string, value: string, ttlMs?: number) => {
      calls.push(`set ${key} ${ttlMs}`);
      return memory.set(key, value, ttlMs);
    },
    take: (key: string) => {
      calls.push(`take ${key}`);
      return memory.take(key);
    },
  };
  let sum = 0;
  const random = () => (sum += 0.618) % 1; // a different number for each call
  const withSecret = (isolateSecret: string | undefined) =>
    createTickets({ clock, store, random, secret: isolateSecret });
  return { clock, calls, tickets: withSecret(secret), withSecret };
}

Deno.test("a ticket of 30 s is consumed once, by any isolate that has the secret", async () => {
  const { clock, calls, tickets, withSecret } = createTicketsUnderTest();
  const { ticket, expiresAt } = await tickets.issue(RIGHTS);
  assertEquals(expiresAt, clock.now() + 30_000);
  const other = withSecret(SECRET);
  assertEquals(await other.read(ticket), RIGHTS);
  assertEquals(calls.length, 1, "reading a ticket sends no command");
  // The order of the two depends on the hashing thread.
  const consumed = await Promise.all([other.consume(ticket), tickets.consume(ticket)]);
  assertEquals(consumed.filter((isConsumed) => isConsumed).length, 1);
  // The stored value does not open a stream.
  for (const call of calls) assert(!call.includes(ticket), call);
});

Deno.test("a ticket expires after 30 s, for reading and for consuming", async () => {
  const { clock, tickets } = createTicketsUnderTest();
  const earlier = await tickets.issue(RIGHTS);
  const late = await tickets.issue(RIGHTS);
  assertNotEquals(late.ticket, earlier.ticket);
  await clock.advance(29_999);
  assertEquals(await tickets.read(late.ticket), RIGHTS);
  await clock.advance(1);
  assertEquals(await tickets.read(late.ticket), null);
  await clock.advance(1);
  assertEquals(await tickets.consume(late.ticket), false);
});

Deno.test("a ticket expires with the rights of its issuer", async () => {
  const { clock, calls, tickets } = createTicketsUnderTest();
  const rights = { ...RIGHTS, expiresAt: clock.now() + 5000 };
  const { ticket, expiresAt } = await tickets.issue(rights);
  assertEquals([expiresAt, calls[0]?.endsWith(" 5000")], [rights.expiresAt, true]);
  assertEquals(await tickets.read(ticket), rights);
  await clock.advance(5000);
  assertEquals(await tickets.read(ticket), null);
});

Deno.test("tickets of another secret and users' tokens are refused without a read", async () => {
  const { clock, calls, tickets, withSecret } = createTicketsUnderTest();
  const exp = clock.now() / 1000 + 20;
  const foreign = await withSecret(`${SECRET}x`).issue(RIGHTS);
  const user = signToken({ n: "", sub: "ann", topics: [], exp }, { secret: SECRET });
  const { length } = calls;
  for (const bad of [foreign.ticket, user, "", "undefined"]) {
    assertEquals(await tickets.read(bad), null);
  }
  await fc.assert(
    fc.asyncProperty(
      fc.string({ maxLength: 300, unit: anyCharacter }),
      async (text) => assertEquals(await tickets.read(text), null),
    ),
  );
  // Without a secret there are no tickets, not even those of an empty secret.
  const { ticket } = await withSecret("").issue(RIGHTS);
  assertEquals(await withSecret(undefined).read(ticket), null);
  assertEquals(calls.length, length + 1);
});

Deno.test("a ticket with any changed character is refused", async () => {
  const { tickets } = createTicketsUnderTest();
  const { ticket } = await tickets.issue(RIGHTS);
  const head = ticket.lastIndexOf(".");
  for (let at = 0; at < head; at++) {
    const other = ticket[at] === "A" ? "B" : "A";
    const changed = ticket.slice(0, at) + other + ticket.slice(at + 1);
    assertEquals(await tickets.read(changed), null, String(at));
  }
});

Deno.test("a ticket that would not fit into a URL with its topics is refused", async () => {
  const { tickets, calls } = createTicketsUnderTest();
  const topics = Array.from({ length: 32 }, (_, n) => `events/${n}${"x".repeat(62)}`);
  const { code } = await assertRejects(() => tickets.issue({ ...RIGHTS, topics }), Problem);
  assertEquals([code, calls], ["ticket_too_long", []]);
});
