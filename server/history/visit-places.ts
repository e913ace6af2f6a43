import type { Rules } from '../../shared/rules.ts';
import type { Place } from '../telemetry/geofences.ts';

/** A stop a truck may visit. */
export interface StopPlace {
  stopId: number;
  lat: number;
  lon: number;
}

/** The places every truck may visit: the depot, the landfills, the zones. */
export function commonPlaces(rules: Rules): Place[] {
  const { visits } = rules;
  const near = {
    exitMarginM: visits.exitMarginM,
    dwellMs: visits.dwellS * 1_000,
    leaveMs: visits.leaveS * 1_000,
  };
  const border = {
    exitMarginM: visits.zoneMarginM,
    dwellMs: visits.zoneDwellS * 1_000,
    leaveMs: visits.zoneDwellS * 1_000,
  };
  return [
    { id: 'depot', ...pointOf(rules.depot), radiusM: visits.depotRadiusM, rules: near },
    { id: 'landfill', ...pointOf(rules.landfill), radiusM: visits.landfillRadiusM, rules: near },
    ...rules.otherLandfills.map((landfill, index) => ({
      id: `landfill:${index + 1}`,
      ...pointOf(landfill),
      radiusM: visits.landfillRadiusM,
      rules: near,
    })),
    ...rules.zones.map(({ zone, ring }) => ({ id: `zone:${zone}`, ring, rules: border })),
  ];
}

/** The stops of a truck's route. A stop at the landfill or the depot is as wide as that place. */
export function stopPlaces(rules: Rules, stops: readonly (StopPlace & { kind: string })[]): Place[] {
  const { visits } = rules;
  const radiusOf: Readonly<Record<string, number>> = {
    depot: visits.depotRadiusM,
    disposal: visits.landfillRadiusM,
  };
  return stops.map(({ stopId, lat, lon, kind }) => ({
    id: `stop:${stopId}`,
    lat,
    lon,
    radiusM: radiusOf[kind] ?? visits.stopRadiusM,
    rules: {
      exitMarginM: visits.exitMarginM,
      dwellMs: visits.dwellS * 1_000,
      leaveMs: visits.leaveS * 1_000,
    },
  }));
}

function pointOf({ lat, lon }: { lat: number; lon: number }): { lat: number; lon: number } {
  return { lat, lon };
}
