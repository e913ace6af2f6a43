/**
 * The driver's page without network. Files under /assets never change under their name, so they are kept as they are;
 * the page itself is asked for first and served from memory when the network does not answer; map tiles come from
 * memory and are refreshed behind. Calls to the API pass through: the page keeps its own plan and queue.
 */
const SHELL = 'driver-shell-1';
const TILES = 'driver-tiles-1';
const PAGE = '/driver';
const MAX_FILES = 250;
const MAX_TILES = 600;
const PAGE_TIMEOUT_MS = 4000;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(SHELL)
      .then((cache) => cache.add(PAGE))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(
          names.filter((name) => name !== SHELL && name !== TILES).map((name) => caches.delete(name)),
        ),
      )
      .then(() => self.clients.claim()),
  );
});

async function trim(name, most) {
  const cache = await caches.open(name);
  const keys = await cache.keys();
  // Oldest first: what was put last is used last.
  await Promise.all(keys.slice(0, Math.max(0, keys.length - most)).map((key) => cache.delete(key)));
}

/** The map's worker is loaded by name from inside other files, where the page does not see it. */
const WORKER_NAME = /[\w.-]*worker[\w.-]*\.js/g;

async function keep(cache, path) {
  if (!path.startsWith('/assets/') || (await cache.match(path))) return;
  const response = await fetch(path);
  if (!response.ok) return;
  await cache.put(path, response.clone());
  if (!path.endsWith('.js')) return;
  const inner = new Set((await response.text()).match(WORKER_NAME) ?? []);
  for (const name of inner) await keep(cache, `/assets/${name}`);
}

self.addEventListener('message', (event) => {
  if (event.data?.type !== 'keep') return;
  event.waitUntil(
    caches.open(SHELL).then(async (cache) => {
      for (const path of event.data.paths) await keep(cache, path).catch(() => undefined);
      await trim(SHELL, MAX_FILES);
      const tiles = await caches.open(TILES);
      for (const path of event.data.tiles ?? []) {
        if (!path.startsWith('/tiles/') || (await tiles.match(path, { ignoreVary: true }))) continue;
        const response = await fetch(path).catch(() => undefined);
        if (response?.status === 200) await tiles.put(path, response);
      }
      await trim(TILES, MAX_TILES);
    }),
  );
});

async function page(request) {
  const cache = await caches.open(SHELL);
  const asked = fetch(request).then((response) => {
    if (response.ok) void cache.put(PAGE, response.clone());
    return response;
  });
  const late = new Promise((resolve) => setTimeout(resolve, PAGE_TIMEOUT_MS));
  const answer = await Promise.race([asked.catch(() => undefined), late]);
  return answer ?? (await cache.match(PAGE)) ?? asked;
}

async function file(request) {
  const cache = await caches.open(SHELL);
  const kept = await cache.match(request, { ignoreVary: true });
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) void cache.put(request, response.clone());
  return response;
}

async function tile(request) {
  const cache = await caches.open(TILES);
  const kept = await cache.match(request, { ignoreVary: true });
  const asked = fetch(request).then(async (response) => {
    if (response.status === 200)
      await cache.put(request, response.clone()).then(() => trim(TILES, MAX_TILES));
    return response;
  });
  if (!kept) return asked;
  asked.catch(() => undefined);
  return kept;
}

async function settings(request) {
  const cache = await caches.open(SHELL);
  try {
    const response = await fetch(request);
    if (response.ok) void cache.put(request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request);
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate') {
    if (url.pathname === PAGE || url.pathname.startsWith(`${PAGE}/`)) event.respondWith(page(request));
  } else if (url.pathname.startsWith('/assets/')) event.respondWith(file(request));
  else if (url.pathname.startsWith('/tiles/')) event.respondWith(tile(request));
  else if (url.pathname === '/client-config') event.respondWith(settings(request));
});
