/**
 * Keeps the page itself on the phone: a service worker, told which files the page is made of. Its scope is the whole
 * site, because the map's own worker lives under /assets and asks for the tiles; of pages it serves /driver alone.
 */
const WORKER = '/driver-sw.js';
const SCOPE = '/';
const MANIFEST = '/driver.webmanifest';
/** The map's parts arrive after the page; they are kept too. */
const SETTLED_MS = 6_000;

function offerInstall(): void {
  if (document.querySelector('link[rel="manifest"]')) return;
  const link = document.createElement('link');
  link.rel = 'manifest';
  link.href = MANIFEST;
  document.head.append(link);
}

function ownFiles(): string[] {
  const urls = performance.getEntriesByType('resource').map(({ name }) => new URL(name));
  return urls
    .filter(({ origin, pathname }) => origin === location.origin && pathname.startsWith('/assets/'))
    .map(({ pathname }) => pathname);
}

/** The worker once it is in charge; refused when it never will be. */
function activeWorker(registration: ServiceWorkerRegistration): Promise<ServiceWorker> {
  const worker = registration.active ?? registration.waiting ?? registration.installing;
  if (!worker) return Promise.reject(new Error('worker'));
  return new Promise((resolve, reject) => {
    const look = () => {
      if (worker.state === 'activated') resolve(worker);
      if (worker.state === 'redundant') reject(new Error('worker'));
    };
    worker.addEventListener('statechange', look);
    look();
  });
}

/** Without support, or over plain HTTP, the page works as before, with network. */
export async function keepShellOffline(tiles: () => string[]): Promise<void> {
  offerInstall();
  if (!('serviceWorker' in navigator)) return;
  try {
    const worker = await activeWorker(await navigator.serviceWorker.register(WORKER, { scope: SCOPE }));
    const tell = () => worker.postMessage({ type: 'keep', paths: ownFiles(), tiles: tiles() });
    tell();
    setTimeout(tell, SETTLED_MS);
  } catch {
    // Registration is refused in some private windows.
  }
}
