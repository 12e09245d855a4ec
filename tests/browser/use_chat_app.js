// @ts-check
/// <reference lib="dom" />
/**
 * A React application with `useChat` of the AI SDK, of which the tests make a bundle. It sets the address of the chat only.
 *
 * @module
 */
import { createElement as h, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { useChat } from "@ai-sdk/react";
import { DefaultChatTransport } from "ai";

/** The conversation, which its address names, so that a reload and another tab have the same. */
const id = location.hash.slice(1);

function App() {
  const { messages, sendMessage, regenerate, status, stop, error } = useChat({
    id,
    resume: true,
    transport: new DefaultChatTransport({ api: "/v1/chat" }),
  });
  /** Stops the answer as the SDK's guide tells: `stop()` alone ends the page's request only. */
  async function stopAnswer() {
    await stop();
    await fetch(`/v1/chat/${id}/stop`, { method: "POST" });
  }
  const prompt = new URLSearchParams(location.search).get("prompt") ?? "";
  return h(
    "main",
    { "data-status": status },
    messages.map(({ id: messageId, role, parts }) =>
      h(
        "p",
        { key: messageId, "data-role": role },
        parts.map((part) =>
          part.type === "text" ? part.text : part.type === "step-start" ? "" : `[${part.type}]`
        ).join(""),
      )
    ),
    error && h("output", null, error.message),
    h("button", { onClick: () => void sendMessage({ text: prompt }) }, "Send"),
    h("button", { onClick: () => void regenerate() }, "Regenerate"),
    h("button", { onClick: () => void stopAnswer() }, "Stop"),
  );
}

const root = document.querySelector("#root");
if (root === null) throw new TypeError("The page has no root");
createRoot(root).render(h(StrictMode, null, h(App)));
