import { failureText } from '../tool-failure.ts';
import { certificate } from './certificate.ts';
import { missing, type Finding, type NamedFinding, type Patient } from './finding.ts';
import { crossOrigin, healthChecks, monitoring, rateLimits, securityScan } from './live.ts';
import { backups, centralLogs, disasterPlan, documentation, loadTest, training } from './recorded.ts';
import { secrets } from './secrets.ts';
import { SURROUNDINGS } from './surroundings.ts';

type Check = readonly [string, (patient: Patient) => Promise<Finding> | Finding];

/** What must be true of an installation before a city relies on it, in the order people know it. */
const PRODUCTION: readonly Check[] = [
  ['automated backup', backups],
  ['valid TLS certificate', certificate],
  ['rate limiting', rateLimits],
  ['CORS policy', crossOrigin],
  ['secrets', secrets],
  ['monitoring and alerts', monitoring],
  ['central logs', centralLogs],
  ['health checks', healthChecks],
  ['disaster recovery', disasterPlan],
  ['load test', loadTest],
  ['security scan', securityScan],
  ['documentation', documentation],
  ['team training', training],
];

export const surroundings = (patient: Patient) => runAll(SURROUNDINGS, patient);
export const productionChecklist = (patient: Patient) => runAll(PRODUCTION, patient);

/** One after the other: the machine is small, and some of them count. A check that breaks is one that failed. */
async function runAll(checks: readonly Check[], patient: Patient): Promise<NamedFinding[]> {
  const findings: NamedFinding[] = [];
  for (const [name, check] of checks) {
    const finding = await Promise.resolve()
      .then(() => check(patient))
      .catch((error: unknown) =>
        missing(failureText(error).split('\n')[0] ?? '', 'mend that, then run this again'),
      );
    findings.push({ name, ...finding });
  }
  return findings;
}
