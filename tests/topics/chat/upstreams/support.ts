/**
 * Chat upstreams whose responses a test sets.
 *
 * @module
 */
import { assertRejects } from "@std/assert";
import { mergeParts } from "../../../../lib/topics/chat/transcript.ts";
import type { ChatPart, Finish } from "../../../../lib/topics/chat/part.ts";
import {
  ChatFailure,
  type ChatRequest,
  type ChatUpstream,
} from "../../../../lib/topics/chat/upstream.ts";

/** A request of one question. */
export const QUESTION: ChatRequest = {
  chatId: "gold",
  owner: "ada",
  messages: [{ role: "user", text: "How is gold doing?" }],
  tools: [],
};

/** The parts of an answer, merged, and its end. */
export interface Answer {
  readonly parts: readonly ChatPart[];
  /** Null if the upstream sent none. */
  readonly finish: Finish | null;
}

/** Reads a whole answer. */
export async function readAnswer(
  upstream: ChatUpstream,
  request: ChatRequest = QUESTION,
  signal: AbortSignal = new AbortController().signal,
): Promise<Answer> {
  const parts: ChatPart[] = [];
  let finish: Finish | null = null;
  for await (const piece of upstream.answer(request, signal)) {
    if (piece.kind === "finish") finish = piece;
    else parts.push(piece);
  }
  return { parts: mergeParts(parts), finish };
}

/** Returns the failure of an answer. */
export function failureOfAnswer(answer: Promise<unknown>): Promise<ChatFailure> {
  return assertRejects(() => answer, ChatFailure);
}

/** Creates the response of an event stream. It arrives in the given pieces. */
export function eventStream(
  pieces: readonly (string | Uint8Array<ArrayBuffer>)[],
  contentType = "text/event-stream; charset=utf-8",
): Response {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const piece of pieces) {
        controller.enqueue(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
      }
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": contentType } });
}

/** Returns frames with these JSON values as data. */
export function framesOf(...values: readonly unknown[]): string {
  return values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join("");
}

/** The frame at the end of a stream. */
export const DONE_FRAME = "data: [DONE]\n\n";

/** Cuts bytes at the given positions. */
export function cutBytes(
  bytes: Uint8Array<ArrayBuffer>,
  positions: readonly number[],
): Uint8Array<ArrayBuffer>[] {
  const cuts = [0, ...positions.map((each) => each % (bytes.length + 1)), bytes.length]
    .toSorted((a, b) => a - b);
  return cuts.slice(1).map((end, index) => bytes.slice(cuts[index], end));
}
