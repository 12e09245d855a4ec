/** Sessions on real servers: the guide's session, one checked and followed on two isolates, and all at once. */
import { assert, assertEquals } from "@std/assert";
import { openStream, type StreamClient } from "../support/stream_client.ts";
import { print } from "../support/print.ts";
import { OF_PUBLISHER } from "../support/publisher.ts";
import { GUIDE_SETTINGS, runShells, typesIn } from "../support/guides.ts";
import { startServer } from "../support/server_process.ts";
import { beginSession, changeSession } from "../support/sessions.ts";
import { redisTest } from "../support/programs.ts";
import { startFleet } from "../support/fleet.ts";

/** The most CPU time that a server may spend until its last answer. The wall clock would measure the machine's other work too. */
const MAX_BUSY_MS = 1000;

Deno.test("the guide's session is begun, asked about, followed, changed, and seen to end (S0-1, S0-2, S0-28)", async () => {
  await using server = await startServer(GUIDE_SETTINGS);
  const text = await runShells("sessions", "session", server);
  assertEquals(typesIn(text), ["sync", "session", "session", "completed", "bye"]);
  assert(text.includes(`"next_poll_delay":5,"recommendation":"Open /v1/sessions/`), text);
  assert(text.includes(`"missing":["passport"]`), text);
});

redisTest(
  "a session's stream goes on at another server, and ends there (S0-28, S0-31)",
  async () => {
    await using fleet = await startFleet();
    const { one, other } = fleet;
    const path = await beginSession(one.origin);
    using stream = await openStream(one.port, `${path}/events`, { headers: OF_PUBLISHER });
    await stream.nextOf("session");
    one.signal("SIGKILL");
    await one.exited;
    await changeSession(other.origin, path, { session_state: "asking", progress: 0.5 });
    await changeSession(other.origin, path, { session_state: "cancelled" });
    const back = { headers: OF_PUBLISHER, cursor: stream.lastEventId };
    using resumed = await openStream(other.port, `${path}/events`, back);
    const types = (await resumed.rest()).map(({ event }) => event);
    assertEquals(types, ["sync", "session", "cancelled", "bye"]);
  },
);

redisTest(
  "100 checks and 100 streams together on two servers are all answered within 1 s of CPU time (S0-21, S0-22, S0-30)",
  async () => {
    await using fleet = await startFleet();
    const servers = [fleet.one, fleet.other];
    using stack = new DisposableStack();
    const path = await beginSession(fleet.one.origin);
    const before = servers.map((server) => server.cpuSeconds());

    async function check(n: number): Promise<void> {
      const headers = { ...OF_PUBLISHER, accept: "application/json" };
      const answer = await fetch(`${servers[n % 2]?.origin}${path}/events`, { headers });
      const { next_poll_delay, recommendation } = await answer.json();
      assertEquals([answer.status, next_poll_delay], [200, 5]);
      assert(recommendation !== "");
    }
    async function follow(n: number): Promise<StreamClient> {
      const port = servers[n % 2]?.port ?? 0;
      const stream = stack.use(await openStream(port, `${path}/stream`, { headers: OF_PUBLISHER }));
      await stream.nextOf("session");
      return stream;
    }
    const numbers = Array.from({ length: 100 }, (_, n) => n);
    const [streams] = await Promise.all([
      Promise.all(numbers.map(follow)),
      Promise.all(numbers.map(check)),
    ]);

    const busy = servers.map((server, n) => 1000 * (server.cpuSeconds() - (before[n] ?? 0)));
    const most = Math.max(...busy);
    print(`100 checks and 100 streams at once: at most ${most.toFixed(0)} ms of CPU time a server`);
    assert(most < MAX_BUSY_MS, `a server took ${most} ms of CPU time`);

    await changeSession(fleet.other.origin, path, { session_state: "completed" });
    const ends = await Promise.all(streams.map(async (stream) => {
      const [last, bye] = (await stream.rest()).slice(-2);
      return `${last?.event} ${bye?.event}`;
    }));
    assertEquals(ends, Array(100).fill("completed bye"));
  },
);
