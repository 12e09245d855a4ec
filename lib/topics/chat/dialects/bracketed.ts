/**
 * The common part of dialects whose messages bracket text, reasoning and tool calls with a start and an end.
 *
 * @module
 */
import type { DialectEncoder } from "../dialect.ts";
import type { ChatPart, RunEnd } from "../part.ts";

/** A coherent piece of text or reasoning. */
export interface AnswerBlock {
  readonly kind: "text" | "reasoning";
  /** The number of the block in the answer. It does not depend on how the answer was cut into parts. */
  readonly number: number;
}

/** A tool call of the answer. */
export interface EncodedToolCall {
  readonly id: string;
  readonly name: string;
  /** The arguments so far. */
  readonly text: string;
}

/** A component of the answer. */
export type AnswerComponent = Extract<ChatPart, { kind: "component" }>;

/** Creates the messages of a dialect. A message is serialised as JSON. */
export interface BracketedMessages {
  start(): readonly unknown[];
  openBlock(block: AnswerBlock): readonly unknown[];
  addText(block: AnswerBlock, text: string): unknown;
  closeBlock(block: AnswerBlock): readonly unknown[];
  startToolCall(call: EncodedToolCall): unknown;
  addToolInput(call: EncodedToolCall, text: string): unknown;
  addComponent(part: AnswerComponent): unknown;
  /** Ends the answer, in which no block is open. Its tool calls are in the order of their start. */
  end(end: RunEnd, calls: readonly EncodedToolCall[]): readonly unknown[];
}

/** Encodes an answer as messages in brackets. */
export class BracketedEncoder implements DialectEncoder {
  readonly #messages: BracketedMessages;
  readonly #calls = new Map<string, EncodedToolCall>();
  #isStarted = false;
  #block: AnswerBlock | null = null;
  #blockCount = 0;

  constructor(messages: BracketedMessages) {
    this.#messages = messages;
  }

  encode(parts: readonly ChatPart[]): string[] {
    const messages = [...this.#start(), ...parts.flatMap((part) => this.#encodePart(part))];
    return messages.map((message) => JSON.stringify(message));
  }

  end(end: RunEnd): string[] {
    const messages = [
      ...this.#start(),
      ...this.#closeBlock(),
      ...this.#messages.end(end, [...this.#calls.values()]),
    ];
    return messages.map((message) => JSON.stringify(message));
  }

  #start(): readonly unknown[] {
    if (this.#isStarted) return [];
    this.#isStarted = true;
    return this.#messages.start();
  }

  #encodePart(part: ChatPart): unknown[] {
    switch (part.kind) {
      case "tool":
        return [...this.#closeBlock(), ...this.#encodeToolPart(part)];
      case "component":
        return [...this.#closeBlock(), this.#messages.addComponent(part)];
      default:
        return part.text === "" ? [] : this.#encodeText(part.kind, part.text);
    }
  }

  #encodeText(kind: AnswerBlock["kind"], text: string): unknown[] {
    const messages: unknown[] = [];
    let block = this.#block;
    if (block?.kind !== kind) {
      messages.push(...this.#closeBlock());
      block = { kind, number: ++this.#blockCount };
      this.#block = block;
      messages.push(...this.#messages.openBlock(block));
    }
    messages.push(this.#messages.addText(block, text));
    return messages;
  }

  #encodeToolPart({ id, name, text }: Extract<ChatPart, { kind: "tool" }>): unknown[] {
    const known = this.#calls.get(id);
    const call = known ? { ...known, text: known.text + text } : { id, name, text };
    this.#calls.set(id, call);
    return [
      ...known ? [] : [this.#messages.startToolCall(call)],
      ...text === "" ? [] : [this.#messages.addToolInput(call, text)],
    ];
  }

  #closeBlock(): readonly unknown[] {
    if (this.#block === null) return [];
    const messages = this.#messages.closeBlock(this.#block);
    this.#block = null;
    return messages;
  }
}
