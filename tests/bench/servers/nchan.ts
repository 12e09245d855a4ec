/**
 * nginx with nchan, of Debian's packages `nginx` and `libnginx-mod-nchan`, as one process with its configuration.
 *
 * @module
 */
import { outputOf } from "./command.ts";
import { startPeer } from "./peer_process.ts";
import { plainPublish, type Server } from "./server.ts";

const MODULE = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/** It keeps as many events as we do by default, and lets connections live. */
function configuration(port: number): string {
  return `
load_module ${MODULE};
daemon off;
master_process off;
pid nginx.pid;
worker_rlimit_nofile 20000;
events { worker_connections 15000; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_body_buffer_size 128k;
  keepalive_requests 10000000;
  keepalive_timeout 300s;
  nchan_shared_memory_size 256M;
  nchan_message_buffer_length 1000;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /events {
      nchan_publisher http;
      nchan_channel_id bench;
    }
    location = /stream {
      nchan_subscriber eventsource;
      nchan_subscriber_first_message newest;
      nchan_channel_id bench;
    }
  }
}
`;
}

/** A port that was free a moment ago. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function nameOf(): Promise<string> {
  const nginx = (await outputOf("nginx", ["-v"])).split("/").at(-1);
  const nchan = await outputOf("dpkg-query", ["-W", "-f", "${Version}", "libnginx-mod-nchan"])
    .catch(() => "of an unknown version");
  return `nchan ${nchan} on nginx ${nginx}`;
}

/** Starts it. @throws {Error} Where nginx or its module is missing. */
export async function startNchan(): Promise<Server> {
  await Deno.stat(MODULE).catch(() => {
    throw new Error("apt-get install nginx libnginx-mod-nchan");
  });
  const name = await nameOf();
  const folder = await Deno.makeTempDir();
  const port = freePort();
  await Deno.writeTextFile(`${folder}/nginx.conf`, configuration(port));
  const args = ["-p", folder, "-c", "nginx.conf", "-e", "error.log"];
  const { pid, stop } = await startPeer("nginx", args, { port });
  return {
    name,
    port,
    pid,
    paths: ["/stream"],
    publish: plainPublish({ "x-eventsource-event": "tick" }),
    async [Symbol.asyncDispose]() {
      await stop();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
