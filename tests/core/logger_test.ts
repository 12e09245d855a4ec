import { assertEquals, assertFalse } from "@std/assert";
import { createLogger, LOG_LEVELS, messageOf } from "../../lib/core/logger.ts";
import { createManualClock } from "../support/manual_clock.ts";

function setUp(level: typeof LOG_LEVELS[number] = "debug") {
  const lines: string[] = [];
  const log = createLogger(level, createManualClock(0), (line) => lines.push(line));
  return { log, lines, read: (): unknown[] => lines.map((line) => JSON.parse(line)) };
}

for (const [index, level] of LOG_LEVELS.entries()) {
  Deno.test(`createLogger() at ${level} drops lower levels`, () => {
    const { log, lines } = setUp(level);
    for (const lineLevel of LOG_LEVELS) log[lineLevel]("x");
    assertEquals(lines.length, LOG_LEVELS.length - index);
  });
}

Deno.test("createLogger() writes one JSON object per line, whatever the message holds", () => {
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

Deno.test("createLogger() lets no field replace the time, the level or the message", () => {
  const { log, read } = setUp();
  log.error("real", { time: "never", level: "debug", message: "forged" });
  assertEquals(read(), [{ time: "1970-01-01T00:00:00.000Z", level: "error", message: "real" }]);
});

Deno.test("createLogger() writes the message even if JSON cannot represent its fields", () => {
  const { log, read } = setUp();
  log.info("it happened", { count: 1n });
  assertEquals(read(), [{
    time: "1970-01-01T00:00:00.000Z",
    level: "info",
    message: "it happened",
    fields: "cannot be written as JSON",
  }]);
});

Deno.test("messageOf() returns the message of an error without its stack, and other values as text", () => {
  assertEquals(messageOf(new TypeError("bad")), "bad");
  assertEquals([messageOf("text"), messageOf(undefined), messageOf(null)], [
    "text",
    "undefined",
    "null",
  ]);
});
