/**
 * CPU time and memory of processes, by the operating system.
 *
 * @module
 */

/**
 * Returns the CPU time that a process has used, in user and kernel mode, of all its threads, including those that have ended.
 * It reads the clock of the process, which counts nanoseconds: /proc counts hundredths of a second.
 *
 * @throws {Error} If there is no such process.
 */
export function cpuSeconds(pid: number): number {
  const libc = Deno.dlopen("libc.so.6", {
    clock_getcpuclockid: { parameters: ["i32", "buffer"], result: "i32" },
    clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  });
  try {
    const clock = new Int32Array(1);
    const time = new BigInt64Array(2); // seconds, nanoseconds
    const isRunning = libc.symbols.clock_getcpuclockid(pid, clock) === 0 &&
      libc.symbols.clock_gettime(clock[0] ?? 0, time) === 0;
    if (!isRunning) throw new Error(`There is no process ${pid}`);
    return Number(time[0]) + Number(time[1]) / 1e9;
  } finally {
    libc.close();
  }
}

/** Returns the resident memory of a process in KiB. */
export function rssKb(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
}
