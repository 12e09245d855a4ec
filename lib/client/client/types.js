// @ts-check
/// <reference lib="dom" />
/**
 * PLACEHOLDER of branch tabs: taken from branch line.
 *
 * @module
 */
/** @typedef {{ readonly type: string, readonly data: any, readonly id: string }} StreamEvent */
/** @typedef {{ readonly kind: "connecting" | "live" | "stale" | "reconnecting" | "polling" | "busy" | "offline" | "paused" | "ended" | "stopped", readonly transport: "source" | "fetch" | "poll" | null, readonly reason: string, readonly nextTryAt: number | null, readonly failures: number, readonly lagMs: number, readonly isShared: boolean }} State */
/** @typedef {{ url: string, topics: readonly string[], symbols?: readonly string[], sources?: readonly string[], maxRate?: number, cursor?: string, types?: readonly string[], ticket?: () => Promise<string>, withCredentials?: boolean, share?: boolean | string }} Options */
/** @typedef {{ subscribe(listener: (event: StreamEvent) => void): () => void, state(): State, onState(listener: (state: State) => void): () => void, cursor(): string, reconnect(): void, setUrl(url: string): void, close(): void }} Feed */
/** @typedef {"visible" | "hidden" | "online" | "offline" | "freeze" | "resume" | "pageshow" | "pagehide"} Wake */
/** @typedef {{ postMessage(message: unknown): void, addEventListener(type: "message", listener: (event: { data: any }) => void): void, close(): void }} Channel */
/** @typedef {{ now(): number, after(ms: number, run: () => void): () => void, random(): number, fetch: typeof fetch, EventSource: typeof EventSource | undefined, isHidden(): boolean, isOnline(): boolean, onWake(listener: (why: Wake) => void): () => void, locks: Pick<LockManager, "request"> | undefined, channel(name: string): Channel | undefined }} World */
export {};
