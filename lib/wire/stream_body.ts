/**
 * The body of a stream's response: chunks in order, and never a chunk in the middle of another.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";

/**
 * The largest chunk that is sent whole, in bytes. HTTP/1.1 keeps a write buffer per client as large as its largest chunk,
 * until the client disconnects.
 */
const MAX_WHOLE_CHUNK_BYTES = 16_384;

/** The largest piece of a larger chunk, in bytes. One piece is sent per macrotask. */
const MAX_PIECE_BYTES = 4096;

/** Returns a function that resolves on the next macrotask. All calls before that share one promise. */
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
 * The source of one response's body. While pieces of a chunk remain, the body is *mid-frame*: no other chunk is enqueued
 * between two pieces.
 */
export abstract class StreamBody implements UnderlyingDefaultSource<Uint8Array> {
  #isMidFrame = false;
  /** Settles the pending pull. While one is pending, the runtime does not pull again. */
  #settlePull: (() => void) | undefined;
  /** Undefined before the start and after the end. */
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  /**
   * Creates a body.
   *
   * @param remaining The initial chunks, one per pull. The body owns the array: it holds the pieces of large chunks later.
   */
  constructor(private readonly remaining: Uint8Array[]) {}

  /** Called by the runtime once the client has disconnected. */
  abstract cancel(): void;

  /**
   * Sends what is due to a writable client.
   *
   * @returns True if more is due. A promise settles once it has been sent: the runtime then pulls again.
   */
  protected abstract supply(): boolean | Promise<void>;

  /** Resolves on the next macrotask. Pieces of one macrotask would leave together, as one large chunk. */
  protected abstract nextTick(): Promise<void>;

  /** Called by the runtime when the stream is created. Sends the first initial chunk. */
  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#sendRemaining();
  }

  /**
   * Called by the runtime whenever the client is writable, unless the last call is still pending. It stays pending while
   * nothing is due, until {@linkcode wake}.
   */
  pull(): void | Promise<void> {
    if (this.#isMidFrame) return this.#sendPiece();
    if (this.#sendRemaining() && !this.isWritable()) return;
    const supply = this.supply();
    if (supply instanceof Promise) return supply;
    if (supply || !this.isWritable()) return;
    return new Promise((resolve) => this.#settlePull = resolve);
  }

  /** Settles the pending pull, so that the runtime pulls again once the client is writable. */
  wake(): void {
    this.#settlePull?.();
    this.#settlePull = undefined;
  }

  /** True while initial chunks or pieces remain to be enqueued. */
  get hasRemaining(): boolean {
    return this.remaining.length > 0;
  }

  /** True if a chunk was enqueued while the client was not writable, which must never happen. */
  get isOverfull(): boolean {
    return (this.#controller?.desiredSize ?? 0) < 0;
  }

  /** Returns true if the socket takes a chunk, and no older chunk remains. */
  isWritable(): boolean {
    return this.remaining.length === 0 && (this.#controller?.desiredSize ?? 0) > 0;
  }

  /** Sends a chunk after those that remain. May call `cancel()` before it returns. */
  protected enqueue(chunk: Uint8Array): void {
    if (this.hasRemaining) this.remaining.push(chunk);
    else if (chunk.byteLength <= MAX_WHOLE_CHUNK_BYTES) this.#controller?.enqueue(chunk);
    else {
      for (let offset = 0; offset < chunk.byteLength; offset += MAX_PIECE_BYTES) {
        this.remaining.push(chunk.subarray(offset, offset + MAX_PIECE_BYTES));
      }
      this.#isMidFrame = true;
      this.#sendRemaining();
      this.wake();
    }
  }

  /**
   * Closes the body.
   *
   * @param last The last chunk. It is dropped if the socket is closed. Null if the client has disconnected.
   * @returns False if the body was closed before.
   */
  protected close(last: Uint8Array | null): boolean {
    const controller = this.#controller;
    if (!controller) return false;
    this.#controller = undefined;
    if (last === null) return true;
    try {
      // A frame that was begun is finished, because the last chunk would become a part of it.
      if (this.#isMidFrame) { for (const piece of this.remaining) controller.enqueue(piece); }
      controller.enqueue(last);
      controller.close();
    } catch {
      // The socket was closed meanwhile. The stream has ended either way.
    }
    return true;
  }

  async #sendPiece(): Promise<void> {
    await this.nextTick();
    this.#sendRemaining();
  }

  /**
   * Enqueues the next chunk that remains.
   *
   * @returns False if none remains.
   */
  #sendRemaining(): boolean {
    const chunk = this.remaining.shift();
    if (chunk === undefined) return false;
    if (this.remaining.length === 0) this.#isMidFrame = false;
    this.#controller?.enqueue(chunk);
    return true;
  }
}
