/**
 * Asking one provider, and remembering how that went.
 *
 * @module
 */
import { type Logger, messageOf } from "../../core/logger.ts";
import { UpstreamFailure } from "../../upstream/failure.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import type { Provider, Reading } from "./providers/provider.ts";
import type { ProviderState } from "./provider_state.ts";

/** A provider, and what it is read through. */
export interface ConnectedProvider {
  readonly provider: Provider;
  readonly upstream: Upstream;
}

/** A provider we write to. */
export interface Correspondent extends ConnectedProvider {
  readonly state: ProviderState;
  /** @returns What it answered, which may be less than was asked for. Never rejects. */
  ask(symbols: readonly string[]): Promise<readonly Reading[]>;
}

/** Creates a correspondent that was never asked. */
export function createCorrespondent(
  log: Pick<Logger, "error">,
  { provider, upstream }: ConnectedProvider,
  state: ProviderState,
): Correspondent {
  const { name, title } = provider;

  /** While a provider is left alone, what it failed with says more than that it is. */
  function messageFor(thrown: unknown): string {
    if (thrown instanceof UpstreamFailure) {
      const cause = thrown.kind === "waiting" ? upstream.health().failure : null;
      return (cause ?? thrown).message;
    }
    log.error("A provider could not be read", { provider: name, reason: messageOf(thrown) });
    return `${title} could not be read`;
  }

  return {
    provider,
    upstream,
    state,
    async ask(symbols) {
      const readings: Reading[] = [];
      const failures = new Map<string, string>();
      await Promise.all(symbols.map(async (symbol) => {
        try {
          readings.push(await provider.read(upstream, symbol));
        } catch (thrown) {
          failures.set(symbol, messageFor(thrown));
        }
      }));
      state.asked(readings, failures);
      return readings;
    },
  };
}
