import type { DomainEvent } from '../../shared/events.ts';
import type { Planner } from '../dispatch/dispatch.ts';
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
