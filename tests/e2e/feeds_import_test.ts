import { assertEquals, assertStringIncludes } from "@std/assert";
import { readConfig } from "../../lib/core/config.ts";

/** Writes an OPML file with some addresses. */
const opml = (addresses: readonly string[]) =>
  `<?xml version="1.0"?><opml><body><outline text="Folder">${
    addresses.map((address) => `<outline text="Zoë's" xmlUrl="${address}"/>`).join("")
  }</outline></body></opml>`;

/** Encodes text as UTF-16 with a byte order mark. */
function toUtf16(text: string): Uint8Array {
  return new Uint8Array(Uint16Array.from(`\ufeff${text}`, (unit) => unit.charCodeAt(0)).buffer);
}

/** Runs the import of a file with these bytes, or of a missing file. */
async function importFile(bytes: Uint8Array | null) {
  const folder = await Deno.makeTempDir({ prefix: "edgetape_opml_" });
  try {
    const file = `${folder}/feeds.opml`;
    if (bytes !== null) await Deno.writeFile(file, bytes);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "feeds", "import", file],
      cwd: new URL("../..", import.meta.url),
      env: { NO_COLOR: "1" },
    }).output();
    const text = (output: Uint8Array) => new TextDecoder().decode(output).replaceAll(folder, "");
    return { code, setting: text(stdout), complaints: text(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("deno task feeds import prints a setting that the server takes, and says what it leaves out", async () => {
  const many = Array.from({ length: 201 }, (_, n) => `https://f${n}.example/`);
  const { code, setting, complaints } = await importFile(
    toUtf16(opml(["ftp://a.example/", ...many])),
  );
  assertEquals(code, 0, complaints);
  assertEquals(complaints.trim().split("\n"), [
    "Left out: NEWS_FEEDS does not take ftp://a.example/",
    "Left out: all after the first 200 of 201 feeds",
  ]);
  const value = /^NEWS_FEEDS='([^']*)'\n$/.exec(setting)?.[1];
  const { NEWS_FEEDS = [] } = readConfig({ NEWS_FEEDS: value });
  assertEquals([NEWS_FEEDS.length, NEWS_FEEDS[0]?.name], [200, "Zoë's"]);
});

Deno.test("deno task feeds import fails without a feed, and without a file", async () => {
  const empty = await importFile(new TextEncoder().encode(opml([])));
  assertEquals(empty, { code: 1, setting: "", complaints: "/feeds.opml has no feed\n" });
  const missing = await importFile(null);
  assertEquals([missing.code, missing.setting], [1, ""]);
  assertStringIncludes(missing.complaints, "No such file");
});
