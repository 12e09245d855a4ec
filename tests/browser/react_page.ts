/**
 * A React application of another origin, without a build step: it serves npm's modules in a wrapper.
 *
 * @module
 */
import { createRequire } from "node:module";
import * as React from "react";

/** The folder of React's packages: the development build, with its warnings. */
const NPM = {
  react: import.meta.resolve("react"),
  client: import.meta.resolve("react-dom/client"),
};

/** Writes a CommonJS file and everything that it requires as an object literal: functions by path. */
async function commonJs(path: string, found = new Map<string, string>()): Promise<string> {
  if (!found.has(path)) {
    found.set(path, "");
    const source = await Deno.readTextFile(path);
    const { resolve } = createRequire(path);
    const names = [...source.matchAll(/require\(["']([^"']+)["']\)/g)].map(([_, name = ""]) =>
      name
    );
    const paths = Object.fromEntries(names.map((name) => [name, resolve(name)]));
    found.set(
      path,
      `[function (module, exports, require) {${source}\n}, ${JSON.stringify(paths)}]`,
    );
    for (const each of Object.values(paths)) await commonJs(each, found);
  }
  return `{${[...found].map(([name, each]) => `${JSON.stringify(name)}: ${each}`).join(",\n")}}`;
}

/** Bundles React and its renderer as one module. */
async function npmModule(): Promise<string> {
  const [react, client] = [new URL(NPM.react).pathname, new URL(NPM.client).pathname];
  const found = new Map<string, string>();
  await commonJs(react, found);
  return `
    const process = { env: { NODE_ENV: "development" } };
    const files = ${await commonJs(client, found)};
    const made = {};
    function load(path) {
      if (path in made) return made[path].exports;
      const module = made[path] = { exports: {} };
      const [run, paths] = files[path];
      run(module, module.exports, (name) => load(paths[name]));
      return module.exports;
    }
    const react = load(${JSON.stringify(react)});
    export const { ${
    Object.keys(React).filter((name) => /^[A-Za-z]+$/.test(name) && name !== "default").join(", ")
  } } = react;
    export const { createRoot, hydrateRoot } = load(${JSON.stringify(client)});
  `;
}

/** The server of the application. Dispose of it after use. */
export interface ReactPage extends AsyncDisposable {
  readonly origin: string;
}

/** Serves a page that runs the module `script`, which may import `react` and `edgetape`. */
export async function startReactPage(edgetape: string, script: string): Promise<ReactPage> {
  const imports = {
    react: "/npm.js",
    "react-dom/client": "/npm.js",
    edgetape: `${edgetape}/react.js`,
  };
  const page = `<!doctype html><meta charset="utf-8"><title>React</title>
    <link rel="icon" href="data:,"><div id="root"></div>
    <script type="importmap">${JSON.stringify({ imports })}</script>
    <script type="module">${script}</script>`;
  const npm = await npmModule();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    const [body, type] = new URL(url).pathname === "/npm.js"
      ? [npm, "text/javascript"]
      : [page, "text/html"];
    return new Response(body, { headers: { "content-type": type } });
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
