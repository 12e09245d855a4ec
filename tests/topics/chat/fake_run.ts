/**
 * Arbitrary answers, and a run that a test feeds.
 *
 * @module
 */
import * as fc from "fast-check";
import type { RunInfo } from "../../../lib/topics/chat/dialect.ts";
import type { ChatPart, RunEnd } from "../../../lib/topics/chat/part.ts";
import type { RunFeed, RunListener } from "../../../lib/topics/chat/run_feed.ts";
import { Transcript } from "../../../lib/topics/chat/transcript.ts";

/** An arbitrary part, whose text may be cut within a character. */
export const PART: fc.Arbitrary<ChatPart> = fc.oneof(
  fc.record({ kind: fc.constant("text" as const), text: text() }),
  fc.record({ kind: fc.constant("reasoning" as const), text: text() }),
  fc.constantFrom("a", "b").chain((id) =>
    fc.record({
      kind: fc.constant("tool" as const),
      id: fc.constant(id),
      name: fc.constant(`look_up_${id}`),
      text: text(),
    })
  ),
  fc.record({
    kind: fc.constant("component" as const),
    id: fc.constant("c"),
    operation: fc.constantFrom("create" as const, "update" as const),
    component: fc.constant({ type: "badge" }),
  }),
).map((part) => ({ ...part }));

function text(): fc.Arbitrary<string> {
  return fc.string({ maxLength: 5, unit: "binary" });
}

export const RUN: RunInfo = {
  runId: "run-1",
  chatId: "chat-1",
  model: "demo",
  createdAt: 1_700_000_000_000,
};

/** A run that a test produces. */
export class FakeRun implements RunFeed {
  readonly transcript = new Transcript();
  end: RunEnd | null = null;
  readonly #listeners = new Set<RunListener>();

  constructor(readonly info: RunInfo = RUN) {}

  /** The number of its readers, each dialect counts once. */
  get listeners(): number {
    return this.#listeners.size;
  }

  subscribe(listener: RunListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  add(...parts: readonly ChatPart[]): void {
    this.transcript.add(parts);
    for (const listener of [...this.#listeners]) listener.onParts(parts);
  }

  finish(end: RunEnd): void {
    this.end = end;
    this.#stop((listener) => listener.onEnd(end));
  }

  break(): void {
    this.#stop((listener) => listener.onBroken());
  }

  #stop(tell: (listener: RunListener) => void): void {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) tell(listener);
  }
}
