import type { FastifyHelmetOptions } from '@fastify/helmet';
import type { Config } from '../config.ts';

const MAPBOX = ['https://api.mapbox.com', 'https://events.mapbox.com', 'https://*.tiles.mapbox.com'];

/**
 * What a page of ours may load: itself, the map's workers and pictures it made, and the outside services that are
 * configured, no others. Style attributes are needed by the component library; scripts in the page are not allowed.
 */
export function contentPolicy(config: Config): FastifyHelmetOptions {
  const mapbox = config.mapboxToken === null ? [] : MAPBOX;
  const sentry = config.sentryDsn === null ? [] : [new URL(config.sentryDsn).origin];
  const isHttps = config.publicUrl?.startsWith('https:') ?? false;
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        workerSrc: ["'self'", 'blob:'],
        childSrc: ["'self'", 'blob:'],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:', 'blob:', ...mapbox],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'", ...mapbox, ...sentry],
        manifestSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        ...(isHttps ? { upgradeInsecureRequests: [] } : {}),
      },
    },
    strictTransportSecurity: isHttps ? { maxAge: 180 * 86_400, includeSubDomains: false } : false,
    referrerPolicy: { policy: 'same-origin' },
    crossOriginEmbedderPolicy: false,
    xFrameOptions: { action: 'deny' },
  };
}
