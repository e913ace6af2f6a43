/**
 * What a citizen's page asks of the server: nothing needs an account. Three calls in the API's own plain JSON, typed by
 * its router; the whole client would be a tenth of this page.
 */
import type { inferRouterInputs, inferRouterOutputs } from '@trpc/server';
import type { AppRouter } from '../../../server/api/app-router.ts';

type Asked = inferRouterInputs<AppRouter>['incidents'];
type Told = inferRouterOutputs<AppRouter>['incidents'];

export type ReportDraft = Asked['report'];
export type Receipt = Told['report'];
export type IncidentKind = ReportDraft['type'];
export type IncidentStep = Receipt['state'];

/** When the truck is expected, as a range; told only for a report a truck is on its way to. */
export interface Arrival {
  eta: string;
  earliest: string;
  latest: string;
}
export type Tracked = Omit<Told['track'], 'arrival'> & { arrival?: Arrival | null };

/** A refusal with the server's stable word; `offline` when the server was not reached. */
export class Refused extends Error {
  readonly reason: string;
  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

export const whyRefused = (error: unknown): string => (error instanceof Refused ? error.reason : 'internal');

/** A proxy that answers for a server it cannot reach. */
const GATEWAY = new Set([502, 503, 504]);

async function ask<Body>(
  path: string,
  init?: RequestInit,
): Promise<{ ok: boolean; status: number; body: Body }> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new Refused('offline');
  }
  const body = (await response.json().catch(() => null)) as Body | null;
  if (body === null) throw new Refused(GATEWAY.has(response.status) ? 'offline' : 'internal');
  return { ok: response.ok, status: response.status, body };
}

interface Envelope<Answer> {
  result?: { data: Answer };
  error?: { data?: { reason?: string } };
}

async function call<Answer>(path: string, init?: RequestInit): Promise<Answer> {
  const { body } = await ask<Envelope<Answer>>(path, init);
  if (body.result) return body.result.data;
  throw new Refused(body.error?.data?.reason ?? 'internal');
}

/** @throws Refused */
export const sendReport = (draft: ReportDraft): Promise<Receipt> =>
  call('/trpc/incidents.report', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(draft),
  });

/** @throws Refused */
export const track = (code: string): Promise<Tracked> =>
  call(`/trpc/incidents.track?input=${encodeURIComponent(JSON.stringify({ code }))}`);

/** Resolves to the photo's id. @throws Refused */
export async function sendPhoto(photo: Blob): Promise<string> {
  const { body } = await ask<{ photoId?: string; error?: { reason?: string } }>('/photos', {
    method: 'POST',
    body: photo,
    headers: { 'content-type': photo.type },
  });
  if (body.photoId) return body.photoId;
  throw new Refused(body.error?.reason ?? 'internal');
}
