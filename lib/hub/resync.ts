/**
 * Resynchronisation: gives a position to the clients that opened while the log did not answer, or whose log was lost.
 *
 * @module
 */
import type { Joined } from "../core/event.ts";
import type { Position } from "../core/position.ts";
import { gapFrames, heartbeatFrame, withLastId } from "../wire/control_frames.ts";
import type { Frame } from "../wire/sse.ts";
import type { BroadcastGroup } from "./broadcast_group.ts";
import type { BroadcastGroups } from "./broadcast_groups.ts";
import type { ClientStream } from "./client_stream.ts";
import type { HubContext, LogConsumer, LogListener } from "./log_consumer.ts";
import { gapsOf, type Resumer, type Resumption } from "./resume.ts";
import type { WindowRegistry } from "./window_registry.ts";

/** The interval at which clients without a position are tried again, in milliseconds. */
const RETRY_MS = 1000;

interface Waiting {
  readonly group: BroadcastGroup;
  /** The cursor that the client sent, or the position that it had in a log that was lost. */
  readonly cursor: string | undefined;
  /** The epoch of the log that replaced a lost one: the last `gap` carries it. */
  readonly newEpoch: Position | null;
}

/** The clients without a position. */
export class Resync implements LogListener {
  readonly #waiting = new Map<ClientStream, Waiting>();
  #isRunning = false;
  #cancelRetry: (() => void) | undefined;

  constructor(
    private readonly context: HubContext,
    private readonly consumer: LogConsumer,
    private readonly windows: WindowRegistry,
    private readonly groups: BroadcastGroups,
    private readonly resumer: Resumer,
  ) {
    consumer.listen(this);
  }

  add(client: ClientStream, group: BroadcastGroup, cursor: string | undefined): void {
    this.#waiting.set(client, { group, cursor, newEpoch: null });
    this.#retry();
  }

  joined({ epoch }: Joined, before: Joined | null): void {
    if (before !== null && before.epoch !== epoch) this.#dropPositions(epoch);
    void this.#run();
  }

  stop(): void {
    this.#waiting.clear();
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  /** Lets all clients wait for a position, because the log was lost. The new log may honour their cursors. */
  #dropPositions(newEpoch: Position): void {
    for (const group of this.groups.all) {
      for (const client of group.clients) {
        const cursor = client.dropPosition() ?? this.#waiting.get(client)?.cursor;
        this.#waiting.set(client, { group, cursor, newEpoch });
      }
      group.reset();
    }
  }

  async #run(): Promise<void> {
    for (const client of this.#waiting.keys()) if (client.index < 0) this.#waiting.delete(client);
    if (this.#isRunning || this.#waiting.size === 0) return;
    this.#isRunning = true;
    try {
      if (this.consumer.isReadable()) await this.#positionAll();
    } catch (thrown) {
      this.context.onFault(thrown);
    }
    this.#isRunning = false;
    if (this.#waiting.size > 0) this.#retry();
  }

  #retry(): void {
    this.#cancelRetry ??= this.context.clock.after(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      void this.#run();
    });
  }

  async #positionAll(): Promise<void> {
    await this.windows.refill();
    await Promise.all([...this.#waiting].map((entry) => this.#position(...entry))); // reports the first fault
  }

  async #position(client: ClientStream, waiting: Waiting): Promise<void> {
    if (!this.#canPosition(client, waiting)) return;
    const { group, cursor } = waiting;
    const resumption = await this.resumer.resumeLate(group.topics, cursor);
    // The log may have been lost once more meanwhile, or the client blocked.
    if (resumption === null || !this.#canPosition(client, waiting)) return;
    const frames = this.#framesOf(waiting, resumption); // a fault here leaves the client waiting
    this.#waiting.delete(client);
    group.position(client, resumption, frames);
  }

  #canPosition(client: ClientStream, waiting: Waiting): boolean {
    const isWaiting = this.#waiting.get(client) === waiting && client.index >= 0;
    return isWaiting && client.isWritable() && waiting.group.topics.isFilled;
  }

  #framesOf({ group, newEpoch }: Waiting, resumption: Resumption): Frame[] {
    const gaps = gapFrames(gapsOf(resumption));
    if (resumption.isHonoured) return gaps;
    const withEpoch = newEpoch === null ? gaps : withLastId(gaps, newEpoch);
    const heartbeat = heartbeatFrame(resumption.position, this.context.clock.now());
    return [...withEpoch, ...group.topics.snapshot(resumption.position), heartbeat];
  }
}
