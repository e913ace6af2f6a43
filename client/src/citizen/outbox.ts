/** Reports written without network wait on the phone and are sent when it is back; sent ones are remembered. */
import { ref, shallowRef } from 'vue';
import { memoryStore, openLocalStore, type LocalStore } from '../offline/indexed-db.ts';
import { sendPhoto, sendReport, whyRefused, type Receipt, type ReportDraft } from './api.ts';

export interface WaitingReport {
  id: string;
  atMs: number;
  draft: ReportDraft;
  photo: Blob | null;
  /** Where it is, as the person chose it. */
  place: string;
  /** The server's word when it was turned down. */
  refused: string | null;
}

/** What this phone remembers of a report it sent. */
export interface OwnReport {
  code: string;
  type: ReportDraft['type'];
  lat: number;
  lon: number;
  place: string;
  atMs: number;
}

const TABLE = 'reports';
const OWN = 'my-reports';
const KEPT = 20;
const RETRY_MS = 30_000;
/** Words that mean "not now", not "no". */
const NOT_NOW = new Set(['offline', 'unavailable', 'database-unavailable', 'shutting-down', 'internal']);

export const waiting = shallowRef<readonly WaitingReport[]>([]);
export const own = ref<OwnReport[]>(readOwn());

let store: LocalStore = memoryStore();
let sending = false;

function readOwn(): OwnReport[] {
  try {
    return JSON.parse(localStorage.getItem(OWN) ?? '[]') as OwnReport[];
  } catch {
    return [];
  }
}

export function rememberOwn(report: OwnReport): void {
  own.value = [report, ...own.value.filter(({ code }) => code !== report.code)].slice(0, KEPT);
  try {
    localStorage.setItem(OWN, JSON.stringify(own.value));
  } catch {
    // The code on the screen is what counts.
  }
}

async function reload(): Promise<void> {
  waiting.value = (await store.all<WaitingReport>(TABLE)).sort((a, b) => a.atMs - b.atMs);
}

export const newReport = (draft: ReportDraft, photo: Blob | null, place: string): WaitingReport => ({
  id: crypto.randomUUID(),
  atMs: Date.now(),
  draft,
  photo,
  place,
  refused: null,
});

/** @throws what the server said: see `whyRefused` */
export async function send(report: WaitingReport): Promise<Receipt> {
  if (report.photo && !report.draft.photoId)
    report.draft = { ...report.draft, photoId: await sendPhoto(report.photo) };
  const receipt = await sendReport(report.draft);
  const { type, lat, lon } = report.draft;
  rememberOwn({ code: receipt.code, type, lat, lon, place: report.place, atMs: Date.now() });
  return receipt;
}

export const isNotNow = (reason: string): boolean => NOT_NOW.has(reason);

export async function keepForLater(report: WaitingReport): Promise<void> {
  await store.put(TABLE, report.id, report);
  await reload();
}

export async function discard(report: WaitingReport): Promise<void> {
  await store.remove(TABLE, report.id);
  await reload();
}

/** Sends what waits, oldest first; stops at the first that does not get through. */
export async function sendWaiting(): Promise<void> {
  if (sending) return;
  sending = true;
  try {
    for (const report of waiting.value.filter(({ refused }) => refused === null)) {
      try {
        await send(report);
        await store.remove(TABLE, report.id);
      } catch (error) {
        const reason = whyRefused(error);
        if (isNotNow(reason) || reason === 'too-many-requests') return;
        await store.put(TABLE, report.id, { ...report, refused: reason });
      }
      await reload();
    }
  } finally {
    sending = false;
  }
}

/** Opens the outbox and keeps trying, at once when the phone says it is online. */
export async function startOutbox(): Promise<void> {
  store = await openLocalStore('epagal-citizen', [TABLE]);
  await reload();
  void sendWaiting();
  addEventListener('online', () => void sendWaiting());
  setInterval(() => waiting.value.length > 0 && void sendWaiting(), RETRY_MS);
}
