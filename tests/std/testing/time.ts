/**
 * `FakeTime` of `jsr:@std/testing/time`, over `@sinonjs/fake-timers`: linked in deno.json, so that the tests run where
 * JSR cannot be reached. It is for libraries that read the global clock themselves; what is ours takes a manual clock.
 * `AbortSignal.timeout` is not faked.
 *
 * @module
 */
import FakeTimers from "@sinonjs/fake-timers";

let current: FakeTime | undefined;

/** Stands in for the global clock and its timers until it is restored or disposed of. */
export class FakeTime {
  /** The beginning of the faked time, in milliseconds since the epoch. */
  readonly start: number;
  readonly #clock: ReturnType<typeof FakeTimers.install>;

  constructor(start?: number | string | Date | null) {
    if (current) throw new TypeError("Cannot construct FakeTime: time is already faked");
    this.start = start === undefined || start === null ? Date.now() : new Date(start).getTime();
    if (Number.isNaN(this.start)) throw new TypeError("Cannot construct FakeTime: invalid start");
    this.#clock = FakeTimers.install({
      now: this.start,
      toFake: [
        "Date",
        "performance",
        "setTimeout",
        "clearTimeout",
        "setInterval",
        "clearInterval",
      ],
    });
    current = this;
  }

  /** Restores real time, whoever faked it. */
  static restore(): void {
    if (!current) throw new TypeError("Cannot restore time: it is already restored");
    current.restore();
  }

  /** The faked time. Setting it runs what falls due on the way. */
  get now(): number {
    return this.#clock.now;
  }

  set now(value: number) {
    if (value < this.now) throw new RangeError("Cannot set current time in the past");
    this.tick(value - this.now);
  }

  /** Moves time on, running what falls due in order. */
  tick(ms = 0): void {
    this.#clock.tick(ms);
  }

  /** Lets promises settle, then moves time on, letting them settle after each timer too. */
  async tickAsync(ms = 0): Promise<void> {
    await this.#clock.tickAsync(ms);
  }

  /** Lets promises settle. */
  async runMicrotasks(): Promise<void> {
    await this.#clock.tickAsync(0);
  }

  /** Moves time to the next timer and runs it. @returns Whether there was one. */
  next(): boolean {
    if (this.#clock.countTimers() === 0) return false;
    this.#clock.next();
    return true;
  }

  /** Lets promises settle, then does as {@linkcode next}. */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    if (this.#clock.countTimers() === 0) return false;
    await this.#clock.nextAsync();
    return true;
  }

  /** Runs timers until none is left. */
  runAll(): void {
    while (this.next());
  }

  /** Runs timers until none is left, letting promises settle. */
  async runAllAsync(): Promise<void> {
    while (await this.nextAsync());
  }

  /** Brings real time back. */
  restore(): void {
    if (current !== this) throw new TypeError("Cannot restore time: it is already restored");
    this.#clock.uninstall();
    current = undefined;
  }

  [Symbol.dispose](): void {
    if (current === this) this.restore();
  }
}
