// deno-lint-ignore-file no-console -- the output of a command
/**
 * `deno task feeds import FILE.opml`: prints the setting `NEWS_FEEDS` for the subscriptions of a feed reader.
 *
 * @module
 */
import { readConfig } from "./lib/core/config.ts";
import { importOpml } from "./lib/topics/news/opml.ts";

if (import.meta.main) {
  const [command, file] = Deno.args;
  if (command !== "import" || file === undefined) {
    console.error("Usage: deno task feeds import FILE.opml");
    Deno.exit(2);
  }
  const { feeds, refused } = importOpml(await Deno.readTextFile(file));
  for (const address of refused) console.error(`Left out: ${address} is not an address on the web`);
  // Apostrophes are escaped, so that the line is valid in a shell and in a file of variables.
  const setting = JSON.stringify(feeds).replaceAll("'", "\\u0027");
  readConfig({ NEWS_FEEDS: setting });
  console.log(`NEWS_FEEDS='${setting}'`);
}
