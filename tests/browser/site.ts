/**
 * A site of another origin with a strict policy, whose page uses our modules.
 *
 * @module
 */

/** The page of a site. */
export interface SitePage {
  /** The HTML of its body, including its scripts. */
  readonly body: string;
  /** The site's own module, at `/own.js`. */
  readonly script?: string;
  /** Directives of its policy, such as `script-src https://edge.example.com`. */
  readonly policy: readonly string[];
  readonly lang?: string;
  /** The site's own style sheet. */
  readonly style?: string;
}

/** A running site. Dispose of it after use. */
export interface Site extends AsyncDisposable {
  readonly origin: string;
  /** The browser's reports of policy violations. */
  readonly reports: string[];
}

function documentOf({ body, lang = "en", style }: SitePage): string {
  return `<!doctype html>
<html lang="${lang}"><head><meta charset="utf-8"><title>A site of another origin</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="/icon">${
    style === undefined ? "" : `<link rel="stylesheet" href="/own.css">`
  }
</head><body><main><h1>A site of another origin</h1>
${body}
</main></body></html>`;
}

/** Serves the page with its policy. */
export function startSite(page: SitePage): Site {
  const reports: string[] = [];
  const policy = [...page.policy, "base-uri 'none'", "report-uri /report"].join("; ");
  const answers: Readonly<Record<string, () => Response>> = {
    "/": () =>
      new Response(documentOf(page), {
        headers: {
          "content-type": "text/html; charset=utf-8",
          "content-security-policy": `default-src 'none'; img-src 'self'; ${policy}`,
        },
      }),
    "/own.js": () =>
      new Response(page.script ?? "", { headers: { "content-type": "text/javascript" } }),
    "/own.css": () => new Response(page.style ?? "", { headers: { "content-type": "text/css" } }),
    "/icon": () => new Response(null, { status: 204 }),
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/report") reports.push(await request.text());
      return answers[pathname]?.() ?? new Response(null, { status: 204 });
    },
  );
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    reports,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
