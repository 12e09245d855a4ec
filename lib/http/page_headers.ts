/**
 * Security headers of HTML pages.
 *
 * @module
 */
import { secureHeaders } from "hono/secure-headers";

/** Allows this origin's scripts, styles and images only: no inline script, and no text that becomes markup. */
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
  // The operator decides that for the whole domain.
  strictTransportSecurity: false,
});
