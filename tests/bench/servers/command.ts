/**
 * Commands that prepare a peer.
 *
 * @module
 */

/**
 * Runs a command. @returns The text of both its outputs.
 *
 * @throws {Error} With the printed text, if it fails or is missing.
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
