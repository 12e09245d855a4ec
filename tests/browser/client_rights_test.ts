import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { startShared } from "../support/fleet.ts";
import { startNumbers } from "../support/numbers.ts";
import { type ServerProcess, startServer } from "../support/server_process.ts";
import { parse } from "../support/shapes.ts";
import { AUTH_SECRET, signToken } from "../support/user_token.ts";
import { browserTest } from "../support/programs.ts";
import {
  collectFaults,
  NO_FAULTS,
  NUMBER_PUBLISHER,
  NUMBER_SETTINGS,
  numberOptions,
  startStage,
} from "./client_page.ts";

/** A private channel. */
const PRIVATE = {
  ...NUMBER_SETTINGS,
  AUTH_SECRET,
  CHANNELS: JSON.stringify({ alerts: { types: ["tick"], private: true } }),
};

/** A reader's token. */
function readersToken(): string {
  const exp = Math.floor(Date.now() / 1000) + 600;
  return signToken({ sub: "reader", exp, topics: ["events/alerts"] });
}

/** Requests a ticket for the channel, as a site does for its reader. */
async function ticketFrom({ origin }: ServerProcess): Promise<string> {
  const answer = await fetch(`${origin}/v1/tickets`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${readersToken()}` },
    body: JSON.stringify({ topics: ["events/alerts"] }),
  });
  return parse(z.object({ ticket: z.string() }), await answer.text()).ticket;
}

browserTest(
  "client sends a reader's cookie, and shows the server's detail without one",
  async () => {
    await using stage = await startStage();
    await using server = await startServer({ ...PRIVATE, ALLOWED_ORIGINS: stage.origin });
    const { origin } = server;
    const options = { ...numberOptions(origin), withCredentials: true, share: false };
    const anonymous = await stage.open({ modules: origin, options });
    const { reason } = await anonymous.waitFor("stopped");
    assertStringIncludes(reason, "private");

    const cookie = { name: "edgetape", value: readersToken(), url: origin, httpOnly: true };
    await stage.context.addCookies([{ ...cookie, sameSite: "Lax" }]);
    const reader = await stage.open({ modules: origin, options });
    await reader.waitFor("live", { transport: "eventsource" });
    const publisher = startNumbers({ origin, ...NUMBER_PUBLISHER });
    await reader.waitForNumber(20);
    assertEquals(await collectFaults(reader, publisher), NO_FAULTS);
    assertEquals(stage.complaints(), []);
  },
);

browserTest(
  "client obtains a new ticket for each attempt, even if the first cannot be obtained",
  async () => {
    await using shared = await startShared({ ...PRIVATE });
    await using other = await startServer(shared.settings);
    await using first = await startServer(shared.settings);
    const spent: string[] = [];
    let maker = first;
    await using stage = await startStage(async () => {
      const ticket = await ticketFrom(maker);
      spent.push(ticket);
      return ticket;
    });
    const options = numberOptions(first.origin);
    const reader = await stage.open({ modules: other.origin, options, hasTickets: true });

    await reader.waitFor("live");
    const publisher = startNumbers({ origin: other.origin, ...NUMBER_PUBLISHER });
    await reader.waitForNumber(10);
    first.signal("SIGKILL");
    await first.exited;
    await reader.waitForPast("reconnecting");
    await using second = await startServer({ ...shared.settings, PORT: String(first.port) });
    maker = second;
    await reader.waitFor("live");
    assertEquals(await collectFaults(reader, publisher), NO_FAULTS);
    assert(new Set(spent).size === spent.length && spent.length > 1);
    assertEquals(stage.complaints(), []);
  },
);
