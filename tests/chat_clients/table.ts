/**
 * The table of real clients and behaviours, as tests establish it.
 *
 * @module
 */

/** Registers tests, each of which establishes behaviours of a client. */
export class ClientTable {
  readonly #behaviours: readonly string[];
  readonly #marks = new Map<string, Map<string, string>>();

  constructor(behaviours: readonly string[]) {
    this.#behaviours = behaviours;
  }

  /** Registers a test. If it passes, the client has these behaviours, as the mark says. */
  test(
    client: string,
    behaviours: readonly string[],
    mark: string,
    title: string,
    run: () => Promise<void>,
  ): void {
    const marks = this.#marks.get(client) ?? new Map<string, string>();
    this.#marks.set(client, marks);
    for (const behaviour of behaviours) marks.set(behaviour, mark);
    Deno.test(`${client} ${title}`, run);
  }

  /** Returns the table's rows, beginning with its head. */
  rows(): string[][] {
    const rows = [...this.#marks].map(([client, marks]) => [
      client,
      ...this.#behaviours.map((behaviour) => marks.get(behaviour) ?? "–"),
    ]);
    return [["client", ...this.#behaviours], ...rows];
  }
}
