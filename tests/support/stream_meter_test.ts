import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { createStreamMeter } from "./stream_meter.ts";

const utf8 = new TextEncoder();
const OPENING = "retry: 1\nevent: sync\ndata: {}\nid: 1-0\n\n";

Deno.test("createStreamMeter() finds the last id and counts, wherever the stream is cut", () => {
  const frame = fc.record({ n: fc.nat(), length: fc.nat(200), hasId: fc.boolean() });
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.nat(30)), (frames, sizes) => {
      const texts = frames.map(({ n, length, hasId }) =>
        `${hasId ? `id: 2-${n}\n` : ""}event: tick\ndata: id: 9-${"9".repeat(length)}\n\n`
      );
      const bytes = utf8.encode(OPENING + texts.join(""));
      const meter = createStreamMeter();
      let at = 0;
      for (const size of [...sizes, bytes.length]) meter.feed(bytes.subarray(at, at += size));

      const last = frames.findLast(({ hasId }) => hasId);
      assertEquals(meter.lastId, last ? `2-${last.n}` : "1-0");
      assertEquals(meter.eventBytes, bytes.length - OPENING.length);
      assertEquals(meter.tail(), (OPENING + texts.join("")).slice(-512));
    }),
  );
});
