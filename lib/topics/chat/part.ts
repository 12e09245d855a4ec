/**
 * Parts: the pieces of a model's answer, as upstreams produce them, the log stores them and dialects encode them.
 *
 * @module
 */
import { z } from "zod";

/** A piece of the answer's text, which continues the text before it. */
const TextPart = z.object({ kind: z.literal("text"), text: z.string() });

/** A piece of the model's reasoning, which continues the reasoning before it. */
const ReasoningPart = z.object({ kind: z.literal("reasoning"), text: z.string() });

/** A piece of a tool call. */
const ToolPart = z.object({
  kind: z.literal("tool"),
  id: z.string().meta({ description: "The upstream's id of the call." }),
  name: z.string().meta({ description: "The name of the tool." }),
  text: z.string().meta({ description: "A piece of the arguments, which are JSON." }),
});

/** An operation on one rich component of a Vanna answer, with the upstream's own fields. */
const ComponentPart = z.object({
  kind: z.literal("component"),
  id: z.string().meta({ description: "The id of the component." }),
  operation: z.enum(["create", "update", "replace", "remove", "reorder", "bulk_update"]),
  component: z.record(z.string(), z.unknown()).meta({
    description: "The component or the change, as the upstream sends it.",
  }),
});

/** A piece of a model's answer. */
export const ChatPart = z.discriminatedUnion("kind", [
  TextPart,
  ReasoningPart,
  ToolPart,
  ComponentPart,
]);

/** A piece of a model's answer. */
export type ChatPart = Readonly<z.infer<typeof ChatPart>>;

/** The tokens of a run, as the upstream counts them. */
export const Usage = z.object({
  input_tokens: z.int().min(0),
  output_tokens: z.int().min(0),
});

/** The tokens of a run, as the upstream counts them. */
export type Usage = Readonly<z.infer<typeof Usage>>;

/** The reason why the model ended its answer. */
export const FinishReason = z.enum(["stop", "length", "content_filter", "tool_calls", "other"]);

/** The reason why the model ended its answer. */
export type FinishReason = z.infer<typeof FinishReason>;

/** The end of an answer that the model completed. */
export interface Finish {
  readonly kind: "finish";
  readonly finishReason: FinishReason;
  /** Null if the upstream does not count. */
  readonly usage: Usage | null;
}

/** The reason why a run failed, as a code for programs. */
export const FailureCode = z.enum([
  "upstream_refused",
  "upstream_failed",
  "upstream_incomplete",
  "upstream_timeout",
  "too_long",
  "interrupted",
]);

/** The reason why a run failed, as a code for programs. */
export type FailureCode = z.infer<typeof FailureCode>;

/** The end of a run: its terminal event. */
export type RunEnd =
  | { readonly type: "done"; readonly finishReason: FinishReason; readonly usage: Usage | null }
  | { readonly type: "stopped" }
  /** `detail` is a text of this server for people. It repeats nothing of an upstream's error. */
  | { readonly type: "failed"; readonly code: FailureCode; readonly detail: string };
