/**
 * Commands that prepare a peer.
 *
 * @module
 */

/**
 * What a command prints, on either of its outputs.
 *
 * @throws {Error} With what it printed, if it fails or is not there.
 */
export async function outputOf(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string } = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    ...options,
  }).output();
  const utf8 = new TextDecoder();
  const text = (utf8.decode(stdout) + utf8.decode(stderr)).trim();
  if (!success) throw new Error(`${command}: ${text.slice(0, 200)}`);
  return text;
}
