import { assertEquals } from "@std/assert";
import { SupervisedSocket } from "../../lib/upstream/socket.ts";
import { createManualClock } from "../support/manual_clock.ts";
import { createFakeSockets } from "./fake_sockets.ts";

const KEY = "secret";
const OPTIONS = {
  title: "Example",
  url: `wss://stream.example.com/?token=${KEY}`,
  maxSilenceMs: 5000,
};

/** Creates a supervised socket, whose handler records what it is told. */
function createSocketUnderTest() {
  const clock = createManualClock();
  const network = createFakeSockets();
  const log: string[] = [];
  const logged: string[] = [];
  const write = (message: string, fields?: object) =>
    void logged.push(`${message} ${JSON.stringify(fields)}`);
  const test = { random: 1, connect: network.connect };
  const socket = new SupervisedSocket(
    {
      clock,
      random: () => test.random,
      log: { debug: write, info: write, warn: write, error: write },
      connect: (url) => test.connect(url),
    },
    OPTIONS,
    {
      onOpen() {
        log.push("open");
        socket.send("hello");
      },
      onMessage(message) {
        if (message === "nonsense") throw new SyntaxError("not JSON");
        log.push(message);
      },
      onDown: (reason) => void log.push(reason),
    },
  );
  return { clock, network, log, logged, socket, test };
}

Deno.test("a supervised socket opens nothing before it is started, and one connection then", async () => {
  const { clock, network, socket } = createSocketUnderTest();
  await clock.advance(60_000);
  assertEquals([network.sockets.length, clock.timers], [0, 0]);
  socket.start();
  socket.start();
  await clock.advance(0);
  assertEquals(network.sockets.map(({ url }) => url), [OPTIONS.url]);
  socket.stop();
});

Deno.test("a supervised socket speaks first on every connection, and passes messages on", async () => {
  const { clock, network, log, socket } = createSocketUnderTest();
  socket.send("too early");
  socket.start();
  await clock.advance(0);
  socket.send("too early");
  network.newest.open();
  network.newest.receive("a");
  network.newest.drop(1001);
  await clock.advance(1000);
  network.newest.open();
  network.newest.receive("b");
  socket.stop();
  assertEquals(network.sockets.map(({ sent }) => sent), [["hello"], ["hello"]]);
  assertEquals(log, ["open", "a", "Example closed its stream: code 1001", "open", "b"]);
});

Deno.test("a supervised socket replaces a connection that is silent", async () => {
  const { clock, network, log, socket } = createSocketUnderTest();
  socket.start();
  await clock.advance(0);
  network.newest.open();
  await clock.advance(4000);
  network.newest.receive("a");
  await clock.advance(4999);
  assertEquals(network.newest.isClosed, false);
  await clock.advance(1);
  assertEquals([network.newest.isClosed, log.at(-1)], [true, "Example was silent for 5 s"]);
  network.newest.receive("late");
  assertEquals(log.at(-1), "Example was silent for 5 s");
  await clock.advance(1000);
  assertEquals(network.sockets.length, 2);
  socket.stop();
});

Deno.test("a supervised socket gives up a handshake that takes too long", async () => {
  const { clock, network, log, socket } = createSocketUnderTest();
  socket.start();
  await clock.advance(10_000);
  assertEquals([network.newest.isClosed, log], [true, [
    "Example did not open its stream for 10 s",
  ]]);
  socket.stop();
});

Deno.test("a supervised socket waits longer after each failure, at most a minute, at random", async () => {
  const { clock, network, socket, test } = createSocketUnderTest();
  socket.start();
  await clock.advance(0);
  for (const delayMs of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
    const { length } = network.sockets;
    network.newest.drop();
    await clock.advance(delayMs - 1);
    assertEquals(network.sockets.length, length, `within ${delayMs} ms`);
    await clock.advance(1);
    assertEquals(network.sockets.length, length + 1, `after ${delayMs} ms`);
  }
  test.random = 0.25;
  network.newest.drop();
  await clock.advance(15_000);
  assertEquals(network.sockets.length, 10);
  socket.stop();
});

Deno.test("the back-off of a supervised socket starts again after a minute of connection", async () => {
  const { clock, network, socket } = createSocketUnderTest();
  socket.start();
  await clock.advance(0);
  for (const delayMs of [1000, 2000, 4000]) {
    network.newest.drop();
    await clock.advance(delayMs);
  }
  network.newest.open();
  for (let second = 0; second < 60; second += 4) {
    await clock.advance(4000);
    network.newest.receive("a");
  }
  network.newest.drop();
  await clock.advance(1000);
  assertEquals(network.sockets.length, 5);
  socket.stop();
});

Deno.test("a supervised socket replaces a connection whose message its handler cannot use", async () => {
  for (
    const [message, reason] of [
      ["nonsense", "Example sent a message that cannot be read"],
      [new Uint8Array(2), "Example sent a message that is no short text"],
      ["x".repeat(1_048_577), "Example sent a message that is no short text"],
    ] as const
  ) {
    const { clock, network, log, socket } = createSocketUnderTest();
    socket.start();
    await clock.advance(0);
    network.newest.open();
    network.newest.receive(message);
    await clock.advance(1000);
    assertEquals([log, network.sockets.length], [["open", reason], 2]);
    socket.stop();
  }
});

Deno.test("a supervised socket survives a runtime that cannot connect, and never logs its URL", async () => {
  const { clock, network, log, logged, socket, test } = createSocketUnderTest();
  test.connect = (url) => {
    throw new TypeError(`no route to ${url}`);
  };
  socket.start();
  await clock.advance(0);
  test.connect = network.connect;
  await clock.advance(1000);
  assertEquals([log, network.sockets.length], [["Example could not be connected"], 1]);
  assertEquals(logged.filter((line) => line.includes(KEY)), []);
  socket.stop();
});

Deno.test("a stopped supervised socket has no connection, no timer, and calls no handler", async () => {
  const { clock, network, log, socket } = createSocketUnderTest();
  socket.start();
  await clock.advance(0);
  const { newest } = network;
  newest.open();
  socket.stop();
  socket.stop();
  newest.receive("late");
  newest.drop();
  await clock.advance(0);
  assertEquals([newest.isClosed, log, clock.timers], [true, ["open"], 0]);

  socket.start(); // and it can be stopped while it waits
  await clock.advance(0);
  network.newest.drop();
  await clock.advance(0);
  socket.stop();
  await clock.advance(60_000);
  assertEquals([network.sockets.length, clock.timers], [2, 0]);
});
