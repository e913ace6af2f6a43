/** What the server tells every page before it starts; nothing of it is secret. */
export interface ClientConfig {
  mapboxToken: string | null;
  /** The street network is invented: the map says so. */
  synthetic: boolean;
  attribution: string | null;
  release: string | null;
  sentryDsn: string | null;
  sentryEnvironment: string | null;
  /** Share of the errors that are reported. */
  sentrySampleRate: number;
  /** Seconds within which each type is attended to; null while the server cannot tell. */
  windowSByType: Record<'acopio' | 'zona_critica' | 'animal_muerto', number> | null;
}

const FALLBACK: ClientConfig = {
  mapboxToken: null,
  synthetic: false,
  attribution: null,
  release: null,
  sentryDsn: null,
  sentryEnvironment: null,
  sentrySampleRate: 1,
  windowSByType: null,
};

let loading: Promise<ClientConfig> | null = null;

/** Read once a page; a server that does not answer yields the defaults, and the next call tries again. */
export function clientConfig(): Promise<ClientConfig> {
  loading ??= fetch('/client-config', { credentials: 'same-origin' })
    .then(async (response) => {
      if (!response.ok) throw new Error(String(response.status));
      return { ...FALLBACK, ...((await response.json()) as Partial<ClientConfig>) };
    })
    .catch(() => {
      loading = null;
      return FALLBACK;
    });
  return loading;
}
