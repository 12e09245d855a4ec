/**
 * Security headers of HTML pages.
 *
 * @module
 */
import { secureHeaders } from "hono/secure-headers";

/**
 * Creates the middleware that allows only scripts, styles and images of this origin, and neither inline scripts nor HTML
 * sinks.
 *
 * @param options `hasImages` allows images of any host.
 */
export function createPageHeaders({ hasImages }: { readonly hasImages: boolean }) {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      connectSrc: ["'self'"],
      imgSrc: ["'self'", ...hasImages ? ["https:"] : []],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
      requireTrustedTypesFor: ["'script'"],
      trustedTypes: ["'none'"],
    },
    xFrameOptions: "DENY",
    // The operator decides on HSTS for the whole domain.
    strictTransportSecurity: false,
  });
}

/** The middleware for pages without images of other hosts. */
export const pageHeaders = createPageHeaders({ hasImages: false });
