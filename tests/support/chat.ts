/**
 * A chat client over HTTP, in the AI SDK's protocol: it reads one answer, and never reconnects.
 *
 * @module
 */
import { z } from "zod";
import { createFrameParser, type ReceivedFrame } from "./frames.ts";
import { PATIENCE_MS, within } from "./within.ts";

/** A frame of the AI SDK's stream, as far as tests look at it. */
const UiFrame = z.looseObject({
  type: z.string(),
  messageId: z.string().optional(),
  delta: z.string().optional(),
  finishReason: z.string().optional(),
  errorText: z.string().optional(),
});

/** A frame of the AI SDK's stream. */
export type UiFrame = z.infer<typeof UiFrame>;

const DONE = "[DONE]";

/** An answer as it arrives. The caller must dispose of it. */
export class ChatReader implements Disposable {
  readonly status: number;
  readonly headers: Headers;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #parser = createFrameParser();
  readonly #pending: ReceivedFrame[] = [];
  readonly #frames: UiFrame[] = [];
  #isDone = false;

  constructor({ status, headers, body }: Response) {
    this.status = status;
    this.headers = headers;
    this.#reader = (body ?? new Blob([]).stream()).getReader();
  }

  /** The frames so far, without `[DONE]`. */
  get frames(): readonly UiFrame[] {
    return this.#frames;
  }

  /** True once `[DONE]` has arrived. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** The text so far. */
  get text(): string {
    return this.#frames.filter(({ type }) => type === "text-delta")
      .map(({ delta = "" }) => delta).join("");
  }

  /** The run's id. */
  get messageId(): string | undefined {
    return this.#frames[0]?.messageId;
  }

  /** Reads the next frame, or null at the end. @throws The error of a connection that breaks. */
  async next(): Promise<UiFrame | null> {
    for (;;) {
      const received = this.#pending.shift();
      if (received === undefined) {
        const { done, value } = await this.#reader.read();
        if (done) return null;
        this.#pending.push(...this.#parser.feed(value));
        continue;
      }
      if (received.event !== "message") throw new Error(`An AI SDK knows no ${received.event}`);
      if (this.#isDone) throw new Error(`A frame after ${DONE}: ${received.data}`);
      if (received.data === DONE) {
        this.#isDone = true;
        continue;
      }
      const frame = UiFrame.parse(JSON.parse(received.data));
      this.#frames.push(frame);
      return frame;
    }
  }

  /** Reads up to the next frame of a type. @throws {Error} If the answer ends before, or it takes too long. */
  async nextOf(type: string): Promise<UiFrame> {
    for (;;) {
      const frame = await within(PATIENCE_MS, `the next ${type}`, this.next());
      if (frame === null) throw new Error(`The answer ended without ${type}: ${this.#describe()}`);
      if (frame.type === type) return frame;
    }
  }

  /** Reads until the text has a number of characters. */
  async untilText(length: number): Promise<void> {
    while (this.text.length < length) await this.nextOf("text-delta");
  }

  /** Reads to the end of the response. @throws The error of a connection that breaks. */
  async rest(deadlineMs = PATIENCE_MS): Promise<readonly UiFrame[]> {
    await within(deadlineMs, "the end of the answer", this.#readAll());
    return this.#frames;
  }

  /** Closes the connection, as a reload does. */
  hangUp(): void {
    this.#reader.cancel().catch(() => {});
  }

  [Symbol.dispose](): void {
    this.hangUp();
  }

  async #readAll(): Promise<void> {
    while (await this.next() !== null);
  }

  #describe(): string {
    return JSON.stringify(this.#frames.slice(-3));
  }
}

/** A question of a chat. */
export interface Question {
  /** The chat's id. */
  readonly chat: string;
  readonly text: string;
  /** The id of the user's message. A repeated one joins the run. */
  readonly messageId?: string;
  readonly token?: string;
}

/** The headers of a user. */
function headersOf(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** Asks a question, and returns the response. */
export function postQuestion(
  origin: string,
  { chat, text, messageId = crypto.randomUUID(), token }: Question,
): Promise<Response> {
  return fetch(`${origin}/v1/chat`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headersOf(token) },
    body: JSON.stringify({
      id: chat,
      messages: [{ id: messageId, role: "user", parts: [{ type: "text", text }] }],
      trigger: "submit-message",
    }),
  });
}

/** Asks a question, and returns the answer as it arrives. */
export async function askChat(origin: string, question: Question): Promise<ChatReader> {
  return new ChatReader(await postQuestion(origin, question));
}

/** Resumes the newest answer of a chat, as after a reload. */
export async function resumeChat(
  origin: string,
  chat: string,
  token?: string,
): Promise<ChatReader> {
  return new ChatReader(
    await fetch(`${origin}/v1/chat/${chat}/stream`, { headers: headersOf(token) }),
  );
}

/** Stops the answer of a chat. */
export async function stopChat(
  origin: string,
  chat: string,
  token?: string,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`${origin}/v1/chat/${chat}/stop`, {
    method: "POST",
    headers: headersOf(token),
  });
  return { status: response.status, body: await response.json() };
}
