/**
 * One client: a place, and the body of its response.
 *
 * @module
 */
import type { END_REASONS } from "../core/metrics.ts";
import { ORIGIN, type Position } from "../core/position.ts";

/** Why a stream ends: what `bye` says, or `gone` where the client left by itself. */
export type EndReason = typeof END_REASONS[number];

/**
 * Where clients stand. Those who are in step with their audience share the audience's own standing, so that all of them
 * move with it, and whether one is in step is one comparison.
 */
export interface SharedCursor {
  position: Position;
}

/** By topic: what is no longer kept up to here was told with a `gap`. */
export type Told = ReadonlyMap<string, Position>;

/**
 * A chunk above the first goes in pieces of the second, in bytes, each on a turn of its own: HTTP/1.1 keeps a write buffer
 * per client as large as its biggest chunk, until it disconnects.
 */
const [WHOLE_BYTES, PIECE_BYTES] = [16_384, 4096];

/** What a client's body asks of its audience. */
export interface Keeper {
  /** The client has room: give it what it is owed. */
  catchUp(client: ClientStream): void | Promise<void>;
  /** The client left, or was let go of. */
  leave(client: ClientStream, reason: EndReason): void;
  /** Resolves on a turn of the event loop of its own, the same for all who ask in one turn. */
  nextTurn(): Promise<void>;
}

/**
 * The source of one response's body. A class, since its methods are shared by all streams of an isolate: of what can be
 * chosen here, that weighs least.
 */
export class ClientStream implements UnderlyingDefaultSource<Uint8Array> {
  standing: SharedCursor;
  /** Where it stands in its audience's list. */
  index = -1;
  /** When it was last given a frame of its own, in ms since the epoch. */
  lastFrameAt: number;
  /** Since when it has had no room, in ms since the epoch; null while it has some. */
  blockedSince: number | null = null;
  /** True while a page of the log is on its way to it. */
  isPaging = false;
  /** True while its place may lie behind the windows and it is given pages of the log instead. */
  readsLog = false;
  /** False while its place is not known or not judged, since the log does not answer: nothing is owed to it yet. */
  isPlaced = true;
  /** Up to here something may be gone for no fault of its own: then a `gap` says so. */
  mayMissTo: Position = ORIGIN;
  /** True while values were shown that it had no room for. */
  owesShown = false;
  /** True once it was told that its rights end. */
  isNoticed = false;
  told: Told;
  /** Events it was handed, openings aside. */
  delivered = 0;
  /** Its own among all of its isolate, for the operator's log. */
  readonly number: number;
  /** In ms since the epoch, as what follows. */
  readonly openedAt: number;
  readonly expiresAt: number;
  /** When the earliest of its rights ends, in ms since the epoch. */
  readonly rightsEndAt: number;
  readonly #keeper: Keeper;
  readonly #onEnd: ((reason: EndReason) => void) | undefined;
  /** What is still to be sent of what it was given. */
  #rest: readonly Uint8Array[];
  /** Whether that begins inside a frame: then nothing else may come in between. */
  #isMidFrame = false;
  /** Settles the pull that waits: while it does, the runtime asks no more. */
  #wake: (() => void) | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(options: {
    readonly keeper: Keeper;
    readonly standing: SharedCursor;
    readonly opening: readonly Uint8Array[];
    readonly told: Told;
    readonly number: number;
    readonly openedAt: number;
    readonly expiresAt: number;
    readonly rightsEndAt: number;
    /** Called once, however it ends. */
    readonly onEnd: ((reason: EndReason) => void) | undefined;
  }) {
    this.standing = options.standing;
    this.lastFrameAt = options.openedAt;
    this.told = options.told;
    this.number = options.number;
    this.openedAt = options.openedAt;
    this.expiresAt = options.expiresAt;
    this.rightsEndAt = options.rightsEndAt;
    this.#keeper = options.keeper;
    this.#rest = options.opening;
    this.#onEnd = options.onEnd;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.sendRest();
  }

  /**
   * Is asked after every chunk that has left, unless the last answer is still out: who keeps up is given what comes as it
   * comes, and need not be asked for each.
   */
  pull(): void | Promise<void> {
    this.blockedSince = null;
    if (this.#isMidFrame) return this.#sendPiece();
    const work = this.#keeper.catchUp(this);
    if (work || !this.isWritable()) return work;
    return new Promise((resolve) => this.#wake = resolve);
  }

  /** Has the runtime ask again, as soon as there is room. */
  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  cancel(): void {
    this.#leave("gone");
  }

  /** Its place is no longer worth anything: it waits for another. */
  loseStanding(): void {
    this.standing = { position: ORIGIN };
    this.isPlaced = false;
    this.readsLog = true;
  }

  /** Takes the place it was given late, while the log stood at `head`. */
  stand(position: Position, told: Told, head: Position): void {
    this.standing = { position };
    this.told = told;
    this.mayMissTo = head;
    this.isPlaced = this.readsLog = true;
  }

  /** Sends the next part of what it was given. @returns False where all of it was sent. */
  sendRest(): boolean {
    const part = this.#rest[0];
    if (!part) return false;
    this.#rest = this.#rest.slice(1);
    if (this.#rest.length === 0) this.#isMidFrame = false;
    this.#controller?.enqueue(part);
    return true;
  }

  /** Whether some of what it was given is still to be sent. */
  get hasRest(): boolean {
    return this.#rest.length > 0;
  }

  /** Whether its socket takes more, and not the rest of what it was given. */
  isWritable(): boolean {
    return this.#rest.length === 0 && (this.#controller?.desiredSize ?? 0) > 0;
  }

  /** Hands it a chunk of so many events. May call `cancel()` before it returns. */
  send(chunk: Uint8Array, events = 0): void {
    this.delivered += events;
    if (chunk.byteLength <= WHOLE_BYTES) this.#controller?.enqueue(chunk);
    else this.#sendInPieces(chunk);
  }

  /** Pieces of one turn would leave together, as one large chunk. */
  async #sendPiece(): Promise<void> {
    await this.#keeper.nextTurn();
    this.sendRest();
  }

  #sendInPieces(chunk: Uint8Array): void {
    const count = Math.ceil(chunk.byteLength / PIECE_BYTES);
    this.#rest = Array.from(
      { length: count },
      (_, i) => chunk.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES),
    );
    this.#isMidFrame = true;
    this.sendRest();
    this.wake();
  }

  /** Ends it with a last frame, as far as it can still be told. */
  end(reason: EndReason, bye: Uint8Array): void {
    const controller = this.#controller;
    if (!controller) return;
    this.#leave(reason);
    try {
      // What follows half a frame would become a part of it.
      if (this.#isMidFrame) { for (const piece of this.#rest) controller.enqueue(piece); }
      controller.enqueue(bye);
      controller.close();
    } catch {
      // It was closed under us: it is over either way.
    }
  }

  #leave(reason: EndReason): void {
    if (!this.#controller) return;
    this.#controller = undefined;
    this.#keeper.leave(this, reason);
    this.#onEnd?.(reason);
  }
}
