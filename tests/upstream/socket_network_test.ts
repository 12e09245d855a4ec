/** A supervised socket with the network's own WebSocket, and a real server. */
import { assertEquals } from "@std/assert";
import { systemClock } from "../../lib/core/clock.ts";
import { SupervisedSocket } from "../../lib/upstream/socket.ts";
import { PATIENCE_MS, within } from "../support/within.ts";

const ignore = () => {};

/** Starts a server that greets each socket, answers its first message, and then closes it. */
function startGreeter() {
  const closed: Promise<void>[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: ignore }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    const { promise, resolve } = Promise.withResolvers<void>();
    closed.push(promise);
    socket.onopen = () => socket.send("welcome");
    socket.onmessage = ({ data }) => {
      socket.send(`you said ${data}`);
      socket.close(1012);
    };
    socket.onclose = () => resolve();
    return response;
  });
  return {
    url: `ws://127.0.0.1:${server.addr.port}/`,
    /** Ends the server once all sockets are closed. */
    async stop() {
      await Promise.all(closed);
      await server.shutdown();
    },
  };
}

Deno.test("a supervised socket speaks to a real server, and connects again when it closes", async () => {
  const greeter = startGreeter();
  const log: string[] = [];
  const done = Promise.withResolvers<void>();
  const socket = new SupervisedSocket(
    {
      clock: systemClock,
      random: () => 0.01,
      log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
      connect: (url) => new WebSocket(url),
    },
    { title: "Greeter", url: greeter.url, maxSilenceMs: 10_000 },
    {
      onOpen: () => socket.send("hello"),
      onMessage(message) {
        log.push(message);
        if (log.length === 5) done.resolve();
      },
      onDown: (reason) => void log.push(reason),
    },
  );
  socket.start();
  await within(PATIENCE_MS, "two greetings", done.promise);
  socket.stop();
  await greeter.stop();
  assertEquals(log, [
    "welcome",
    "you said hello",
    "Greeter closed its stream: code 1012",
    "welcome",
    "you said hello",
  ]);
});

Deno.test("a supervised socket tells that a real server refuses it", async () => {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: ignore },
    () => new Response("no", { status: 429 }),
  );
  const down = Promise.withResolvers<string>();
  const socket = new SupervisedSocket(
    {
      clock: systemClock,
      random: () => 1,
      log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
      connect: (url) => new WebSocket(url),
    },
    { title: "Refuser", url: `ws://127.0.0.1:${server.addr.port}/`, maxSilenceMs: 10_000 },
    { onOpen: ignore, onMessage: ignore, onDown: down.resolve },
  );
  socket.start();
  assertEquals(
    await within(PATIENCE_MS, "a refusal", down.promise),
    "Refuser did not open its stream",
  );
  socket.stop();
  await server.shutdown();
});
