/**
 * Programs that tests start besides Deno.
 *
 * @module
 */

/** A program that a machine may lack. */
export interface Program {
  /** Its name in Debian, of the package and of the program. */
  readonly name: string;
  /** The files that only its tests cover: without it, the coverage threshold does not apply to them. */
  readonly covers: RegExp;
}

const REDIS: Program = { name: "redis-server", covers: /\/(?:lib\/store\/redis|tests\/upstash)\// };
const CHROMIUM: Program = { name: "chromium", covers: /\/tests\/browser\// };

/** All programs that tests may need. */
export const PROGRAMS: readonly Program[] = [REDIS, CHROMIUM];

/** The environment variable that makes tests leave out all programs, as `deno task test:fast` does. */
const WITHOUT_PROGRAMS = "TEST_WITHOUT_PROGRAMS";

/** The environment variable that names the file in which skipped tests are counted. */
export const SKIPPED_FILE = "TEST_SKIPPED_FILE";

/** The path of a program in `PATH`, undefined if it is not installed. */
function pathOf({ name }: Program): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  return folders.map((folder) => `${folder}/${name}`).find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** Returns a hint if redis-server is missing, else undefined. */
export function redisHint(): string | undefined {
  if (pathOf(REDIS) !== undefined) return undefined;
  return `redis-server is missing. Install it: ${installCommand([REDIS])}, or brew install redis`;
}

/** The path of Chromium. @throws {Error} If it is not installed. */
export function chromiumPath(): string {
  const path = pathOf(CHROMIUM);
  if (path === undefined) throw new Error(`No Chromium: ${installCommand([CHROMIUM])}`);
  return path;
}

/** The command that installs programs on Debian and Ubuntu. */
export function installCommand(programs: readonly Program[]): string {
  return `apt-get install ${programs.map(({ name }) => name).join(" ")}`;
}

/** True in `.ci/run`, where no test is skipped. */
const isCi = () => Deno.env.get("EDGETAPE_CI") === "1";

/** Registers a test that starts a redis-server. */
export function redisTest(name: string, fn: () => Promise<void>): void {
  programTest(REDIS, name, fn);
}

/** Registers a test that starts a redis-server, and waits for real time to pass: it runs in `.ci/run` alone. */
export function slowRedisTest(name: string, fn: () => Promise<void>): void {
  if (isCi()) redisTest(name, fn);
  else Deno.test({ name: `${name} (skipped: slow, see .ci/run)`, ignore: true, fn });
}

/** Registers a test that starts a browser. */
export function browserTest(name: string, fn: () => Promise<void>): void {
  programTest(CHROMIUM, name, fn);
}

/**
 * Registers a test that needs a program. A test whose program is missing is skipped and counted. Where `EDGETAPE_CI` is 1
 * it runs all the same, and fails.
 */
function programTest(program: Program, name: string, fn: () => Promise<void>): void {
  const isLeftOut = Deno.env.get(WITHOUT_PROGRAMS) === "1";
  const isMissing = !isCi() && pathOf(program) === undefined;
  const file = Deno.env.get(SKIPPED_FILE);
  if (isMissing && file !== undefined) {
    Deno.writeTextFileSync(file, `${program.name}\n`, { append: true });
  }
  const ignore = isLeftOut || isMissing;
  Deno.test({ name: ignore ? `${name} (skipped: needs ${program.name})` : name, ignore, fn });
}
