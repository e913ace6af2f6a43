import type { DomainEvent } from '../../shared/events.ts';
import type { Planner } from '../dispatch/dispatch.ts';
import type { Roads } from '../roads/roads.ts';
import type { OsrmTransport } from '../roads/transport.ts';
import type { Metrics } from './metrics.ts';
import { inSpan } from './spans.ts';

const SERVICES = new Set(['route', 'table', 'nearest', 'match', 'trip']);

/** The same router, with every answer timed and traced by service. */
export function observedTransport(transport: OsrmTransport, metrics: Metrics): OsrmTransport {
  const ask = async (pathAndQuery: string) => {
    const word = pathAndQuery.split('/', 2)[1] ?? '';
    const service = SERVICES.has(word) ? word : 'other';
    const stop = metrics.roadsRequestSeconds.startTimer({ service });
    try {
      return await inSpan(`roads.${service}`, {}, () => transport(pathAndQuery));
    } finally {
      stop();
    }
  };
  return Object.assign(ask, { setClosures: transport.setClosures, close: transport.close });
}

/** The same roads; what was answered without the router is counted by what was asked. */
export function observedRoads(roads: Roads, metrics: Metrics): Roads {
  const counted = async <T extends { degraded: boolean }>(from: string, answer: Promise<T>): Promise<T> => {
    const given = await answer;
    if (given.degraded) metrics.roadsDegraded.inc({ from });
    return given;
  };
  return {
    table: (...asked) => counted('table', roads.table(...asked)),
    route: (...asked) => counted('route', roads.route(...asked)),
    match: (...asked) => counted('match', roads.match(...asked)),
    nearest: (point) => roads.nearest(point),
    setClosures: (closures) => roads.setClosures(closures),
    state: () => roads.state(),
    close: () => roads.close(),
  };
}

/** The same planner, with every search timed and traced by the zone it was for. */
export function observedPlanner(planner: Planner, metrics: Metrics): Planner {
  return {
    async solve(problem, options) {
      const stop = metrics.planSolveSeconds.startTimer({ kind: options.zone });
      try {
        return await inSpan(
          'planner.solve',
          { 'epagal.zone': options.zone, 'epagal.jobs': problem.jobs?.length ?? 0 },
          () => planner.solve(problem, options),
        );
      } finally {
        stop();
      }
    },
  };
}

/** Counts what the event log tells: how proposals end. */
export function countEvent(event: DomainEvent, metrics: Metrics): void {
  if (event.type === 'proposal.closed' && typeof event.data.state === 'string') {
    metrics.planProposals.inc({ end: event.data.state });
  }
}
