/**
 * Upstreams that speak Vanna 2.0's `chat_sse`. They keep the history of a conversation themselves.
 *
 * Rich components are passed on as they are. A component of type `text` is the answer's text: dialects without components
 * show it too.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Runtime } from "../../../core/runtime.ts";
import type { ChatPart } from "../part.ts";
import type { ChatRequest, ChatUpstream } from "../upstream.ts";
import {
  type ChatUpstreamOptions,
  DONE,
  endpointOf,
  malformedMessage,
  reportedError,
  requestMessages,
} from "./messages.ts";

const CHAT_SSE_PATH = "/api/vanna/v2/chat_sse";

/** The text between two components of type `text`. */
const PARAGRAPH = "\n\n";

const Fields = z.record(z.string(), z.unknown());

/** A rich component: its lifecycle is the operation. Fields that are not named here are kept. */
const RichComponent = z.looseObject({
  id: z.string().min(1),
  type: z.string(),
  lifecycle: z.enum(["create", "update", "replace", "remove"]).default("create"),
});

/** A change of the component tree. Fields that are not named here are kept. */
const ComponentChange = z.looseObject({
  operation: z.enum(["create", "update", "replace", "remove", "reorder", "bulk_update"]),
  target_id: z.string().nullish(),
  component: Fields.nullish(),
});

/** A component's plain counterpart, for clients without components. */
const SimpleComponent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({ type: z.literal("link"), url: z.string(), text: z.string().nullish() }),
  z.object({ type: z.literal("image"), url: z.string(), alt_text: z.string().nullish() }),
]);

/** A message: a chunk with a component, or a message of another type in its place. */
const VannaMessage = z.object({
  type: z.string().nullish(),
  rich: Fields.nullish(),
  simple: Fields.nullish(),
});

/** A component of type `text`, which may be updated. */
const TextContent = z.object({ content: z.string() });

/** An answer as its chunks arrive. */
class VannaReader {
  #hasText = false;
  /** The component at the end of the text, which may grow. */
  #lastTextId: string | null = null;
  /** The content of the components of type `text`, by their id. */
  readonly #contents = new Map<string, string>();

  /**
   * Reads a message.
   *
   * @returns Null at the end of the answer.
   * @throws {ChatFailure} The message is an error, or malformed.
   */
  read(message: unknown): ChatPart[] | null {
    const parsed = VannaMessage.safeParse(message);
    if (!parsed.success) throw malformedMessage();
    const { type, rich, simple } = parsed.data;
    if (type === "error") throw reportedError();
    if (type === "completion") return null;
    if (rich && Object.keys(rich).length > 0) return this.#readRich(rich, simple);
    return simple ? this.#readSimple(simple) : [];
  }

  #readRich(
    rich: Record<string, unknown>,
    simple: Record<string, unknown> | null | undefined,
  ): ChatPart[] {
    // A component of the task tracker has an `operation` too, so the type decides.
    if (!("type" in rich)) return this.#readChange(rich);
    const parsed = RichComponent.safeParse(rich);
    if (!parsed.success) throw malformedMessage();
    const { id, type, lifecycle } = parsed.data;
    const text = type === "text" && lifecycle !== "remove" ? this.#readText(id, rich) : null;
    const component = simple ? { ...rich, simple } : rich;
    return text ?? [{ kind: "component", id, operation: lifecycle, component }];
  }

  #readChange(rich: Record<string, unknown>): ChatPart[] {
    const parsed = ComponentChange.safeParse(rich);
    if (!parsed.success) throw malformedMessage();
    const { operation, target_id: id, component } = parsed.data;
    const isText = component?.type === "text" && operation !== "remove";
    const text = isText && id ? this.#readText(id, component) : null;
    return text ?? [{ kind: "component", id: id ?? "", operation, component: rich }];
  }

  /**
   * Reads the content of a component of type `text`: a new one is a paragraph, and a longer one continues it.
   *
   * @returns Null if text that was sent would have to change: the component says so itself.
   */
  #readText(id: string, { data }: Record<string, unknown>): ChatPart[] | null {
    const parsed = TextContent.safeParse(data);
    if (!parsed.success) throw malformedMessage();
    const { content } = parsed.data;
    const known = this.#contents.get(id) ?? "";
    const isAppended = content.startsWith(known) && (known === "" || id === this.#lastTextId);
    if (!isAppended && content !== known) return null;
    this.#contents.set(id, content);
    if (known !== "") return textParts(content.slice(known.length));
    return this.#startParagraph(content, id);
  }

  #readSimple(simple: Record<string, unknown>): ChatPart[] {
    const parsed = SimpleComponent.safeParse(simple);
    if (!parsed.success) throw malformedMessage();
    return this.#startParagraph(simpleText(parsed.data), null);
  }

  /** Starts a paragraph: the text of a component, or a text without one. */
  #startParagraph(text: string, id: string | null): ChatPart[] {
    if (text === "") return [];
    const separator = this.#hasText ? PARAGRAPH : "";
    this.#hasText = true;
    this.#lastTextId = id;
    return textParts(separator + text);
  }
}

function textParts(text: string): ChatPart[] {
  return text === "" ? [] : [{ kind: "text", text }];
}

/** Returns the text of a simple component, with links as in Markdown. */
function simpleText(simple: z.infer<typeof SimpleComponent>): string {
  switch (simple.type) {
    case "text":
      return simple.text;
    case "link":
      return `[${simple.text ?? simple.url}](${simple.url})`;
    case "image":
      return `![${simple.alt_text ?? ""}](${simple.url})`;
  }
}

/** Returns a name of a conversation that no other owner's conversation has. */
function conversationId({ owner, chatId }: ChatRequest): string {
  const digest = createHash("sha256").update(JSON.stringify([owner, chatId])).digest("hex");
  return `chat_${digest.slice(0, 32)}`;
}

/** Creates an upstream. Nothing is requested before the first `answer()`. */
export function createVannaUpstream(
  runtime: Runtime,
  { url, model, apiKey }: ChatUpstreamOptions,
): ChatUpstream {
  const endpoint = endpointOf(url, CHAT_SSE_PATH);
  return {
    model,
    async *answer(request, signal) {
      const reader = new VannaReader();
      const body = {
        message: request.messages.findLast(({ role }) => role === "user")?.text ?? "",
        conversation_id: conversationId(request),
        user_id: request.owner,
      };
      for await (const message of requestMessages(runtime, endpoint, apiKey, body, signal)) {
        const parts = message === DONE ? null : reader.read(message);
        if (parts === null) {
          yield { kind: "finish", finishReason: "stop", usage: null };
          return;
        }
        yield* parts;
      }
    },
  };
}
