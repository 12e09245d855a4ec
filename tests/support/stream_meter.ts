/**
 * What a stream carried, without parsing it: for tests with so many streams that the parser would be what is measured.
 *
 * @module
 */

/** Measures one stream's body. */
export interface StreamMeter {
  feed(body: Uint8Array): void;
  /** Bytes after the opening's first frame. */
  readonly eventBytes: number;
  /** The last id line that came whole, "" where none did. */
  readonly lastId: string;
  /** The last characters that came. */
  tail(): string;
}

const LF = 10;
const ID_LINE = [0x69, 0x64, 0x3a, 0x20]; // "id: "
const LONGEST_ID_LINE = 64;
const TAIL_BYTES = 512;
const ascii = new TextDecoder();

function isIdLine(bytes: Uint8Array, start: number): boolean {
  return ID_LINE.every((byte, index) => bytes[start + index] === byte);
}

/** The start of the last whole id line that begins after `from`, which ends a line; -1 where there is none. */
function lastIdLine(bytes: Uint8Array, from: number): number {
  let end = bytes.lastIndexOf(LF);
  while (end > from) {
    const before = bytes.lastIndexOf(LF, end - 1);
    if (before < from) return -1;
    if (isIdLine(bytes, before + 1)) return before + 1;
    end = before;
  }
  return -1;
}

/** Creates a meter. It looks at the last line ends of what it is fed, not at every byte. */
export function createStreamMeter(): StreamMeter {
  let begun = ""; // The beginning of a line that is not whole yet.
  let isOpened = false;
  let lastByte = 0;
  let eventBytes = 0;
  let lastId = "";
  let kept = new Uint8Array();

  /** Where the first frame ends in `body`, or -1. */
  function openingEnd(body: Uint8Array): number {
    for (let at = body.indexOf(LF); at >= 0; at = body.indexOf(LF, at + 1)) {
      if ((at > 0 ? body[at - 1] : lastByte) === LF) return at + 1;
    }
    return -1;
  }

  function count(body: Uint8Array): void {
    if (isOpened) {
      eventBytes += body.length;
      return;
    }
    const end = openingEnd(body);
    isOpened = end >= 0;
    if (isOpened) eventBytes = body.length - end;
    lastByte = body[body.length - 1] ?? lastByte;
  }

  function findId(body: Uint8Array): void {
    const first = body.indexOf(LF);
    if (first < 0) {
      if (begun.length < LONGEST_ID_LINE) begun += ascii.decode(body.subarray(0, LONGEST_ID_LINE));
      return;
    }
    const at = lastIdLine(body, first);
    if (at >= 0) {
      lastId = ascii.decode(body.subarray(at + ID_LINE.length, body.indexOf(LF, at)));
    } else if (first < LONGEST_ID_LINE) {
      const line = begun + ascii.decode(body.subarray(0, first));
      if (line.startsWith("id: ")) lastId = line.slice(ID_LINE.length);
    }
    const last = body.lastIndexOf(LF) + 1;
    begun = ascii.decode(body.subarray(last, last + LONGEST_ID_LINE));
  }

  function keepTail(body: Uint8Array): void {
    const room = Math.max(0, TAIL_BYTES - body.length);
    const old = kept.subarray(Math.max(0, kept.length - room));
    const next = new Uint8Array(old.length + Math.min(body.length, TAIL_BYTES));
    next.set(old);
    next.set(body.subarray(Math.max(0, body.length - TAIL_BYTES)), old.length);
    kept = next;
  }

  return {
    feed(body) {
      if (body.length === 0) return;
      count(body);
      findId(body);
      keepTail(body);
    },
    get eventBytes() {
      return eventBytes;
    },
    get lastId() {
      return lastId;
    },
    tail: () => ascii.decode(kept),
  };
}
