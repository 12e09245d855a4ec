/**
 * The body of a stream's response: chunks in order, none in the middle of another.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";

/**
 * A chunk above the first size is sent in pieces of the second, in bytes, one per tick: HTTP/1.1 keeps a write buffer per
 * client as large as its largest chunk, until the client disconnects.
 */
const [MAX_WHOLE_BYTES, PIECE_BYTES] = [16_384, 4096];

/** Returns a function that resolves on the next macrotask, with the same promise for all calls within one. */
export function sharedTick(clock: Clock): () => Promise<void> {
  let tick: Promise<void> | null = null;
  return () =>
    tick ??= new Promise((resolve) => {
      clock.after(0, () => {
        tick = null;
        resolve();
      });
    });
}

/**
 * The source of one response's body. While pieces of a chunk remain, the body is *mid-frame*: nothing is ever enqueued
 * between two pieces.
 */
export abstract class StreamBody implements UnderlyingDefaultSource<Uint8Array> {
  #isMidFrame = false;
  /** Settles the pending pull. While one is pending, the runtime does not pull again. */
  #settlePull: (() => void) | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  /** Creates a body. @param rest The chunks to begin with, one per pull. Later, the pieces of a large chunk. */
  constructor(private readonly rest: Uint8Array[]) {}

  /** Called once the client has disconnected. */
  abstract cancel(): void;
  /** Sends what is due to a writable client. @returns Whether more is due. */
  protected abstract supply(): boolean | Promise<void>;
  /** Resolves on the next macrotask: the pieces of one tick would leave together, as one large chunk. */
  protected abstract nextTick(): Promise<void>;

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#sendRest();
  }

  /**
   * Called by the runtime whenever the client is writable, unless the last call is still pending. It is left pending while
   * nothing is due: chunks are sent as they come.
   */
  pull(): void | Promise<void> {
    if (this.#isMidFrame) return this.#sendPiece();
    if (this.#sendRest() && !this.isWritable()) return;
    const supply = this.supply();
    if (supply instanceof Promise) return supply;
    if (supply || !this.isWritable()) return;
    return new Promise((resolve) => this.#settlePull = resolve);
  }

  /** Lets the runtime pull again once the client is writable. */
  wake(): void {
    this.#settlePull?.();
    this.#settlePull = undefined;
  }

  /** True while chunks remain to be enqueued. */
  get hasRest(): boolean {
    return this.rest.length > 0;
  }

  /** True if a chunk was enqueued while the client was not writable, which must never happen. */
  get isOverfull(): boolean {
    return (this.#controller?.desiredSize ?? 0) < 0;
  }

  /** Returns whether the socket takes a chunk, and no older chunk remains. */
  isWritable(): boolean {
    return this.rest.length === 0 && (this.#controller?.desiredSize ?? 0) > 0;
  }

  /** Sends a chunk after what remains of the chunks before it. May call `cancel()` before it returns. */
  protected enqueue(chunk: Uint8Array): void {
    if (this.rest.length > 0) this.rest.push(chunk);
    else if (chunk.byteLength <= MAX_WHOLE_BYTES) this.#controller?.enqueue(chunk);
    else {
      for (let at = 0; at < chunk.byteLength; at += PIECE_BYTES) {
        this.rest.push(chunk.subarray(at, at + PIECE_BYTES));
      }
      this.#isMidFrame = true;
      this.#sendRest();
      this.wake();
    }
  }

  /** Closes the body after a last chunk, as far as that can still be sent. @returns False if it was closed before. */
  protected close(last: Uint8Array | null): boolean {
    const controller = this.#controller;
    if (!controller) return false;
    this.#controller = undefined;
    if (last === null) return true;
    try {
      // A frame that was begun is finished: the last chunk would become a part of it.
      if (this.#isMidFrame) { for (const piece of this.rest) controller.enqueue(piece); }
      controller.enqueue(last);
      controller.close();
    } catch {
      // The socket was closed meanwhile: the stream has ended either way.
    }
    return true;
  }

  async #sendPiece(): Promise<void> {
    await this.nextTick();
    this.#sendRest();
  }

  /** Enqueues the next chunk that remains. @returns False if none remains. */
  #sendRest(): boolean {
    const chunk = this.rest.shift();
    if (chunk === undefined) return false;
    if (this.rest.length === 0) this.#isMidFrame = false;
    this.#controller?.enqueue(chunk);
    return true;
  }
}
