/**
 * What a client asks for.
 *
 * @module
 */
import type { Topic } from "../core/topic.ts";
import type { EndReason } from "./client_stream.ts";

/** What a client wants of one topic. */
export interface TopicFilter {
  readonly topic: Topic;
  /** Only events with one of these tags, or without any; all, where null. Unique and sorted. */
  readonly tags: readonly string[] | null;
}

/** What a client asks for. */
export interface Subscription {
  /** Unique, in an order that does not depend on how the client wrote them. */
  readonly filters: readonly TopicFilter[];
  /** Names of topics it has asked for and cannot have, since they are no more: the first frame says so. */
  readonly gone?: readonly string[] | undefined;
  /** As the client sent it. */
  readonly cursor?: string | undefined;
  /** Opens every topic as without a cursor, and catches up all the same. */
  readonly withSnapshot?: boolean;
  /** Deliveries a second, at most. */
  readonly maxRate?: number | undefined;
  /** When the earliest of its rights ends, in ms since the epoch: a minute before, it is told; then it ends, `revoked`. */
  readonly rightsEndAt?: number | undefined;
  /** Called once, however the stream ends. */
  readonly onEnd?: (reason: EndReason) => void;
}
