/**
 * Sockets of the C library, called from TypeScript.
 *
 * A load client must be much cheaper than its server. A read of `Deno.connect` is a promise and a turn of the event
 * loop; a call from here is the system call and some 10 ns. Linux only, as all of the bench is: it reads /proc.
 *
 * @module
 */

const AF_INET = 2;
const SOCK_STREAM = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
/** Edge-triggered: the kernel reports new bytes once. */
const EPOLLET = 0x80000000;

/**
 * The sleep after all ready sockets have been read. A client that is woken for each write costs a switch of tasks,
 * here and in the server that wakes it, which clients elsewhere would not. Delays include it.
 */
const NAP_MICROSECONDS = 1000;

/** `struct epoll_event` is packed on x86-64, and nowhere else. */
const [EVENT_BYTES, DATA_AT] = Deno.build.arch === "x86_64" ? [12, 4] : [16, 8];

/** Ready sockets are read in batches of this size, so that publishing in between is not late. */
const MAX_READY = 64;

/** Blocking calls on sockets, and one wait for all of them. */
export interface Sockets {
  /** A connection to a port of 127.0.0.1. */
  connect(port: number): number;
  /** Watches a file descriptor: ready bytes must be read to their end. The kernel forgets a closed one. */
  watch(fd: number): void;
  send(fd: number, bytes: Uint8Array<ArrayBuffer>): void;
  /** Returns the number of bytes read: 0 at the end of the connection, -1 if it broke or nothing has arrived. */
  receive(fd: number, into: Uint8Array<ArrayBuffer>): number;
  close(fd: number): void;
  /**
   * Waits until something can be read, and calls `onReady` for each; then naps, if that was all.
   *
   * @param ms How long to wait at most; -1 for ever.
   */
  wait(ms: number, onReady: (fd: number) => void): void;
}

/** Opens the C library. */
export function openSockets(): Sockets {
  const { symbols: libc } = Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    // Sizes are `size_t` there, which would be a slow bigint here: 32 bits are enough, and are widened with zeros.
    send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
    recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    usleep: { parameters: ["u32"], result: "i32" },
    epoll_create1: { parameters: ["i32"], result: "i32" },
    epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
    epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  });
  const epoll = libc.epoll_create1(0);
  const ready = new Uint8Array(EVENT_BYTES * MAX_READY);
  const readyView = new DataView(ready.buffer);

  function whole(result: number, what: string): number {
    if (result < 0) throw new Error(`The system refused to ${what}`);
    return result;
  }

  return {
    connect(port) {
      const fd = whole(libc.socket(AF_INET, SOCK_STREAM, 0), "open a socket: see ulimit -n");
      const address = new Uint8Array([
        AF_INET,
        0,
        port >> 8,
        port & 255,
        127,
        0,
        0,
        1,
        ...Array(8).fill(0),
      ]);
      whole(libc.connect(fd, address, address.length), `connect to port ${port}`);
      return fd;
    },
    watch(fd) {
      const event = new Uint8Array(EVENT_BYTES);
      const view = new DataView(event.buffer);
      view.setUint32(0, (EPOLLIN | EPOLLET) >>> 0, true);
      view.setUint32(DATA_AT, fd, true);
      whole(libc.epoll_ctl(epoll, EPOLL_CTL_ADD, fd, event), "watch a socket");
    },
    send(fd, bytes) {
      const sent = whole(libc.send(fd, bytes, bytes.length, MSG_NOSIGNAL), "send");
      if (sent < bytes.length) throw new Error(`Only ${sent} of ${bytes.length} bytes were sent`);
    },
    receive: (fd, into) => libc.recv(fd, into, into.length, MSG_DONTWAIT),
    close: (fd) => void libc.close(fd),
    wait(ms, onReady) {
      const count = libc.epoll_wait(epoll, ready, MAX_READY, ms);
      for (let i = 0; i < count; i++) onReady(readyView.getUint32(i * EVENT_BYTES + DATA_AT, true));
      if (count > 0 && count < MAX_READY) libc.usleep(NAP_MICROSECONDS);
    },
  };
}
