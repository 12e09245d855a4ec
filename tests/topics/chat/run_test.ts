import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  applyRunTime,
  endOf,
  endRun,
  INTERRUPTED,
  runEventOf,
  runExpiresAt,
  type RunRecord,
  unleasedMsOf,
} from "../../../lib/topics/chat/run.ts";
import type { RunEnd } from "../../../lib/topics/chat/part.ts";

const OPEN: RunRecord = {
  id: "run-1",
  chatId: "c",
  owner: "ann",
  share: "ann",
  model: "demo",
  createdAt: 1_700_000_000_000,
  end: null,
};

const ENDS: readonly RunEnd[] = [
  { type: "done", finishReason: "length", usage: { input_tokens: 1, output_tokens: 2 } },
  { type: "done", finishReason: "stop", usage: null },
  { type: "stopped" },
  INTERRUPTED,
];

Deno.test("endRun() ends an open run, and no other", () => {
  for (const end of ENDS) {
    const ended = endRun(end)(OPEN);
    assertEquals(ended.end, end);
    assertStrictEquals(endRun(INTERRUPTED)(ended), ended);
  }
});

Deno.test("endOf() reads the end that runEventOf() writes, and no end of a part", () => {
  for (const end of ENDS) {
    const { type, data } = runEventOf({ ...OPEN, end });
    assertEquals(endOf(type, JSON.stringify(data)), end);
  }
  const { type, data } = runEventOf(OPEN);
  assertEquals(endOf(type, JSON.stringify(data)), null);
});

Deno.test("applyRunTime() fails a run a minute after the longest run", () => {
  const expiresAt = OPEN.createdAt + 660_000;
  assertEquals(runExpiresAt(OPEN), expiresAt);
  assertStrictEquals(applyRunTime(OPEN, expiresAt - 1), OPEN);
  assertEquals(applyRunTime(OPEN, expiresAt).end, INTERRUPTED);
});

Deno.test("unleasedMsOf() gives a new run the TTL of a lease to claim it", () => {
  assertEquals(unleasedMsOf(OPEN, OPEN.createdAt + 29_999), 1);
  assertEquals(unleasedMsOf(OPEN, OPEN.createdAt + 30_001), 0);
});
