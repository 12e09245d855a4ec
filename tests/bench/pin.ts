/**
 * Servers on one core, what loads them on another.
 *
 * @module
 */

/** The two parts of a measurement. */
export type Part = "server" | "load";

const CORES: Readonly<Record<Part, string>> = { server: "0", load: "1" };

const canPin = navigator.hardwareConcurrency > 1 && hasTaskset();

function hasTaskset(): boolean {
  try {
    return new Deno.Command("taskset", { args: ["-V"], stdout: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** Keeps a process, and the threads it has and will have, on its core; does nothing where that cannot be. */
export function pin(pid: number, part: Part): void {
  if (!canPin) return;
  const args = ["-a", "-c", "-p", CORES[part], String(pid)];
  new Deno.Command("taskset", { args, stdout: "null", stderr: "null" }).outputSync();
}

/** Describes the cores in use, for the head of a table. */
export function describePinning(): string {
  return canPin
    ? `servers pinned to core ${CORES.server}, load to core ${CORES.load}`
    : "not pinned: taskset or a second core is missing";
}
