/**
 * The clients of an audience.
 *
 * @module
 */
import type { ClientStream } from "./client_stream.ts";

/** Clients, in no order. */
export interface Roster {
  readonly size: number;
  add(client: ClientStream): void;
  remove(client: ClientStream): void;
  all(): ClientStream[];
  /** Visits each. One may leave while it is visited. */
  each(visit: (client: ClientStream) => void): void;
}

/** Creates an empty roster. */
export function createRoster(): Roster {
  const clients: ClientStream[] = [];
  return {
    get size() {
      return clients.length;
    },
    add(client) {
      client.index = clients.push(client) - 1;
    },
    remove(client) {
      const last = clients.pop();
      if (last && last !== client) {
        clients[client.index] = last;
        last.index = client.index;
      }
      client.index = -1;
    },
    all: () => [...clients],
    /** Backwards: a client may leave while it is handed something, and the last one takes its seat. */
    each(visit) {
      for (let i = clients.length - 1; i >= 0; i--) {
        const client = clients[i];
        if (client) visit(client);
      }
    },
  };
}
