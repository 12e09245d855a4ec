import { assertEquals, assertFalse } from "@std/assert";
import { createLogger, LOG_LEVELS, messageOf } from "../../lib/core/logger.ts";
import { createManualClock } from "../support/manual_clock.ts";

function setUp(level: typeof LOG_LEVELS[number] = "debug") {
  const lines: string[] = [];
  const log = createLogger(level, createManualClock(0), (line) => lines.push(line));
  return { log, lines, read: (): unknown[] => lines.map((line) => JSON.parse(line)) };
}

for (const [least, level] of LOG_LEVELS.entries()) {
  Deno.test(`createLog() at ${level} drops what lies below it`, () => {
    const { log, lines } = setUp(level);
    for (const each of LOG_LEVELS) log[each]("x");
    assertEquals(lines.length, LOG_LEVELS.length - least);
  });
}

Deno.test("createLog() writes one JSON object a line, whatever the message holds", () => {
  const { log, lines, read } = setUp();
  log.warn('two\nlines "quoted"', { attempts: 3 });
  assertFalse(lines.join().includes("\n"));
  assertEquals(read(), [{
    time: "1970-01-01T00:00:00.000Z",
    level: "warn",
    message: 'two\nlines "quoted"',
    attempts: 3,
  }]);
});

Deno.test("createLog() lets no field stand in for the time, the level or the message", () => {
  const { log, read } = setUp();
  log.error("real", { time: "never", level: "debug", message: "forged" });
  assertEquals(read(), [{ time: "1970-01-01T00:00:00.000Z", level: "error", message: "real" }]);
});

Deno.test("createLog() still tells the message where its fields cannot be written", () => {
  const { log, read } = setUp();
  log.info("it happened", { count: 1n });
  assertEquals(read(), [{
    time: "1970-01-01T00:00:00.000Z",
    level: "info",
    message: "it happened",
    fields: "cannot be written as JSON",
  }]);
});

Deno.test("messageOf() tells the message of an error, without its stack, and the text of the rest", () => {
  assertEquals(messageOf(new TypeError("bad")), "bad");
  assertEquals([messageOf("text"), messageOf(undefined), messageOf(null)], [
    "text",
    "undefined",
    "null",
  ]);
});
