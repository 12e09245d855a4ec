/**
 * Publishes events: checks and serialises them before anything is stored.
 *
 * @module
 */
import type { EventInput, SerializedEvent } from "../core/event.ts";
import type { PublishOutcome } from "../core/metrics.ts";
import { ORIGIN, type Position } from "../core/position.ts";
import { Problem } from "../core/problem.ts";
import { serialize } from "../core/serialize.ts";
import type { Topic } from "../core/topic.ts";
import { StoreUnavailable } from "../store/errors.ts";
import type { AppendOptions, CasOptions } from "../store/event_log.ts";
import { fenced, keyReused, queueFull } from "../store/event_log.ts";
import { encodeEvent } from "../wire/sse.ts";
import type { BroadcastGroups } from "./broadcast_groups.ts";
import type { HubContext } from "./log_consumer.ts";
import type { WindowRegistry } from "./window_registry.ts";

/** Publishes events, and counts the outcomes. */
export class Publisher {
  constructor(
    private readonly context: HubContext,
    private readonly windows: WindowRegistry,
    private readonly groups: BroadcastGroups,
  ) {}

  /**
   * Publishes events of one topic together: all or none. Waits up to a second while much of the topic is pending.
   *
   * @returns Their ids. The events are in the log. Clients may have received them already, or receive them soon.
   * @throws {Problem} 400, 413, 422: an event or a reused key is refused. 409: the lease is lost. 503: the log does not answer.
   */
  async publish(
    topic: Topic,
    inputs: readonly EventInput[],
    options?: Omit<AppendOptions, "cas">,
  ): Promise<readonly Position[]> {
    if (inputs.length === 0) return [];
    const appended = await this.#append(topic, inputs, options);
    if (appended.kind === "fenced") throw fenced();
    if (appended.kind === "conflict") throw keyReused();
    if (!("ids" in appended)) throw new TypeError(`${appended.kind}, but no value was compared`);
    const waiting = this.groups.waitForRoom(topic.name);
    if (waiting) await waiting;
    return appended.ids;
  }

  /**
   * Sets a value and publishes its events in one step, or does neither if the value is not the expected one. Throws as
   * `publish()` does, and 503 `queue_full`.
   */
  async updateAndPublish(topic: Topic, inputs: readonly EventInput[], options: CasOptions) {
    const appended = await this.#append(topic, inputs, options);
    if (appended.kind === "fenced") throw fenced();
    if (appended.kind === "full") throw queueFull(options.cas.openIndex?.max ?? 0);
    if (appended.kind === "stale") return { isSet: false, current: appended.current, ids: [] };
    return { isSet: true, current: options.cas.next, ids: "ids" in appended ? appended.ids : [] };
  }

  /** Sends values of a state topic that cannot be published now, without ids, until newer values are in the log. */
  overlay(topic: Topic, inputs: readonly EventInput[]): void {
    const values = this.#serialize(topic, inputs).map((event) =>
      encodeEvent({ ...event, id: ORIGIN, topic: topic.name, prevId: null })
    );
    const newer = this.windows.get(topic.name)?.window.overlay(values) ?? [];
    if (newer.length > 0) this.groups.overlay(topic.name, newer);
  }

  async #append(topic: Topic, inputs: readonly EventInput[], options?: AppendOptions) {
    const count = (outcome: PublishOutcome) =>
      this.context.metrics.published(topic.metricKind, outcome, inputs.length);
    try {
      const events = this.#serialize(topic, inputs);
      const appended = await this.context.state.log.append(topic, events, options);
      // A refused compare-and-set is not a publication.
      if (appended.kind !== "stale" && appended.kind !== "full") count(appended.kind);
      return appended;
    } catch (thrown) {
      count(outcomeOf(thrown));
      throw thrown;
    }
  }

  #serialize(topic: Topic, inputs: readonly EventInput[]): SerializedEvent[] {
    return inputs.map((input) => serialize(topic, input, this.context.options.maxEventBytes));
  }
}

function outcomeOf(thrown: unknown): PublishOutcome {
  if (thrown instanceof StoreUnavailable) return "away";
  return thrown instanceof Problem ? "refused" : "fault";
}
