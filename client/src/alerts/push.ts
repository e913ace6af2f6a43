/** This browser's consent to be told: asked of the browser, kept at the server. */
import { trpc } from '../app/api.ts';

const WORKER = '/alerts-sw.js';
const SCOPE = '/control';

export type PushState = 'unsupported' | 'denied' | 'off' | 'on' | 'removed';

const isSupported = () =>
  'serviceWorker' in navigator &&
  'PushManager' in window &&
  'Notification' in window &&
  window.isSecureContext;

async function registered(): Promise<ServiceWorkerRegistration | undefined> {
  const found = await navigator.serviceWorker.getRegistration(SCOPE);
  // The driver page's worker, where there is one, answers for the whole site.
  return found && new URL(found.scope).pathname === SCOPE ? found : undefined;
}

export async function pushState(): Promise<PushState> {
  if (!isSupported()) return 'unsupported';
  if (Notification.permission === 'denied') return 'denied';
  const subscription = await (await registered())?.pushManager.getSubscription();
  return subscription ? 'on' : 'off';
}

/** Asks the person, then the browser's push service, then tells the server. */
export async function enablePush(language: 'es' | 'en'): Promise<PushState> {
  if (!isSupported()) return 'unsupported';
  if ((await Notification.requestPermission()) !== 'granted') return 'denied';
  const registration = await navigator.serviceWorker.register(WORKER, { scope: SCOPE });
  await activated(registration);
  const { publicKey } = await trpc.alerts.pushKey.query();
  const subscription = await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: publicKey,
  });
  await tellServer(subscription, language, false);
  return 'on';
}

/** The server may have forgotten, or another person used this browser before: it is told again, and may decline. */
export async function renewPush(language: 'es' | 'en'): Promise<PushState> {
  if (!isSupported()) return 'unsupported';
  const subscription = await (await registered())?.pushManager.getSubscription();
  if (!subscription) return 'off';
  return (await tellServer(subscription, language, true)) ? 'on' : 'removed';
}

/** Also on signing out: the next person at this screen is not told what was meant for another. */
export async function disablePush(): Promise<PushState> {
  if (!isSupported()) return 'unsupported';
  const subscription = await (await registered())?.pushManager.getSubscription();
  if (!subscription) return 'off';
  await trpc.alerts.unsubscribePush.mutate({ endpoint: subscription.endpoint }).catch(() => undefined);
  await subscription.unsubscribe();
  return 'off';
}

async function tellServer(
  subscription: PushSubscription,
  language: 'es' | 'en',
  renewal: boolean,
): Promise<boolean> {
  const { endpoint, keys } = subscription.toJSON();
  const { told } = await trpc.alerts.subscribePush.mutate({
    endpoint: endpoint ?? '',
    p256dh: keys?.p256dh ?? '',
    auth: keys?.auth ?? '',
    language,
    renewal,
  });
  return told;
}

function activated(registration: ServiceWorkerRegistration): Promise<void> {
  const worker = registration.active ?? registration.waiting ?? registration.installing;
  if (!worker || worker.state === 'activated') return Promise.resolve();
  return new Promise((resolve) => {
    worker.addEventListener('statechange', () => worker.state === 'activated' && resolve());
  });
}
