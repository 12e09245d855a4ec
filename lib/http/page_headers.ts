/**
 * Security headers of HTML pages.
 *
 * @module
 */
import { secureHeaders } from "hono/secure-headers";

/** The middleware that allows only scripts, styles and images of this origin, and neither inline scripts nor HTML sinks. */
export const pageHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    connectSrc: ["'self'"],
    imgSrc: ["'self'"],
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
