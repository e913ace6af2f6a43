/**
 * Shows what the alerts push to this browser, also while no page of the room is open. It keeps and serves nothing:
 * pages go to the network as if it were not there.
 */
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('push', (event) => {
  const notice = readNotice(event);
  event.waitUntil(
    self.registration.showNotification(notice.title, {
      body: notice.text,
      // The same alert again takes the place of its last notice.
      tag: notice.alertId === null ? `trial-${notice.id}` : `alert-${notice.alertId}`,
      renotify: notice.notice === 'escalated',
      requireInteraction: notice.level === 'urgent' && notice.notice !== 'cleared',
      icon: '/icon.svg',
      badge: '/icon.svg',
      data: { path: notice.alertId === null ? '/control' : `/control?alert=${notice.alertId}` },
    }),
  );
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(openRoom(event.notification.data.path));
});

/** A page of the room that is open already comes to the front; else one is opened. */
async function openRoom(path) {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const room = pages.find((page) => new URL(page.url).pathname.startsWith('/control'));
  if (room === undefined) return self.clients.openWindow(path);
  room.postMessage({ type: 'open-alert', path });
  return room.focus();
}

function readNotice(event) {
  try {
    const { id, alertId = null, notice = 'raised', level = 'high', title, text = '' } = event.data.json();
    if (typeof title === 'string') return { id, alertId, notice, level, title, text };
  } catch {
    // Something must be shown all the same: the browser insists on it.
  }
  return { id: 0, alertId: null, notice: 'raised', level: 'high', title: 'EPAGAL', text: '' };
}
