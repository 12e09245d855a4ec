/**
 * What the operating system says of processes.
 *
 * @module
 */

/** The unit of times in /proc, the same on all Linux machines of today. */
const TICKS_PER_SECOND = 100;

/** The CPU time a process has used: all its threads, their own and the kernel's for them. */
export function cpuSeconds(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The resident memory of a process. */
export function rssKb(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
}
