/** How a stop is called and drawn on the driver's page. */
import type { IncidentType } from '../../../shared/incident.ts';
import type { StopKind } from '../../../shared/plan.ts';

type Translate = (key: string, values?: Record<string, unknown>) => string;
const SIGN_TYPES: readonly IncidentType[] = ['acopio', 'zona_critica', 'animal_muerto'];

interface Named {
  id: number;
  kind: StopKind;
  address: string | null;
  incidentType?: string | undefined;
}

export const incidentTypeOf = (stop: { incidentType?: string | undefined | null }): IncidentType | null =>
  SIGN_TYPES.find((type) => type === stop.incidentType) ?? null;

/** Where the driver goes: the address, else the street, else what it is. */
export function stopTitle(stop: Named, streets: Readonly<Record<string, string>>, t: Translate): string {
  if (stop.kind === 'disposal' || stop.kind === 'depot') return t(`driver.stop.${stop.kind}`);
  const street = streets[stop.id];
  if (stop.address) return stop.address;
  return street ? t('driver.stop.near', { street }) : stopType(stop, t);
}

/** What there is to pick up. */
export function stopType(stop: Pick<Named, 'kind' | 'incidentType'>, t: Translate): string {
  if (stop.kind !== 'incident') return t(`driver.stop.${stop.kind}`);
  return t(`driver.stop.${incidentTypeOf(stop) ?? 'acopio'}`);
}
