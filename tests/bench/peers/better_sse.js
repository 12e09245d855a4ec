/**
 * A peer: better-sse on Node, one channel for all. Run by `node` beside its package, so it is no TypeScript.
 *
 * It prints its port.
 *
 * @module
 */
import { createServer } from "node:http";
import process from "node:process";
import { createChannel, createSession } from "better-sse";

const channel = createChannel();
let id = 0;

async function bodyOf(request) {
  let text = "";
  for await (const part of request.setEncoding("utf8")) text += part;
  return JSON.parse(text);
}

const server = createServer(async (request, response) => {
  if (request.method === "GET") return channel.register(await createSession(request, response));
  channel.broadcast(await bodyOf(request), "tick", { eventId: String(++id) });
  response.writeHead(202, { "content-type": "application/json" }).end(JSON.stringify({ id }));
});

server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
