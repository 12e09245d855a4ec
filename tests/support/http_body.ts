/**
 * Bodies of HTTP/1.1 messages, taken off the wire as they come.
 *
 * @module
 */

/** Takes a body out of the bytes that carry it. */
export interface BodyDecoder {
  /** Hands on the bytes of the body among `wire`, without copying them. */
  feed(wire: Uint8Array, take: (body: Uint8Array) => void): void;
  /** True once the body has ended as it should. */
  readonly isWhole: boolean;
}

const LF = 10;
const utf8 = new TextDecoder();

/**
 * Takes `transfer-encoding: chunked` apart. Chunks, and the lines between them, may be cut anywhere.
 *
 * @throws {SyntaxError} If a chunk's size is no hexadecimal number.
 */
export function createDechunker(): BodyDecoder {
  type State = "size" | "body" | "end of chunk" | "trailer" | "whole";
  let state: State = "size";
  let line = "";
  let left = 0;

  function endOfLine(): State {
    const text = line.trimEnd();
    line = "";
    if (state === "end of chunk") return "size";
    if (state === "trailer") return text === "" ? "whole" : "trailer";
    const size = text.split(";")[0] ?? "";
    if (!/^[0-9a-fA-F]{1,8}$/.test(size)) {
      throw new SyntaxError(`Cannot read chunk: its size is ${JSON.stringify(text)}`);
    }
    left = parseInt(size, 16);
    return left === 0 ? "trailer" : "body";
  }

  return {
    feed(wire, take) {
      let at = 0;
      while (at < wire.length && state !== "whole") {
        if (state === "body") {
          const end = Math.min(at + left, wire.length);
          take(wire.subarray(at, end));
          left -= end - at;
          at = end;
          if (left === 0) state = "end of chunk";
          continue;
        }
        const lf = wire.indexOf(LF, at);
        const end = lf < 0 ? wire.length : lf;
        line += utf8.decode(wire.subarray(at, end));
        at = end + 1;
        if (lf >= 0) state = endOfLine();
      }
    },
    get isWhole() {
      return state === "whole";
    },
  };
}

/** Takes a body of a known length, 0 among them. */
export function createLengthDecoder(length: number): BodyDecoder {
  let left = length;
  return {
    feed(wire, take) {
      const body = wire.subarray(0, left);
      left -= body.length;
      if (body.length > 0) take(body);
    },
    get isWhole() {
      return left === 0;
    },
  };
}

/** The decoder for an answer's body. */
export function decoderFor(method: string, status: number, headers: Headers): BodyDecoder {
  if (method === "HEAD" || status === 204 || status === 304) return createLengthDecoder(0);
  if (headers.get("transfer-encoding") === "chunked") return createDechunker();
  return createLengthDecoder(Number(headers.get("content-length") ?? Infinity));
}
