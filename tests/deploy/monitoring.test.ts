import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createMetrics } from '../../server/ops/metrics.ts';
import { PROJECT_ROOT } from '../../server/ops/project.ts';

const FOLDER = join(PROJECT_ROOT, 'docker/monitoring');
const read = (file: string) => readFileSync(join(FOLDER, file), 'utf8');

interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  for?: string;
  labels?: { severity?: string };
  annotations?: { summary?: string; action?: string };
}
const groups = (parse(read('alerts.yml')) as { groups: { rules: Rule[] }[] }).groups;
const rules = groups.flatMap((group) => group.rules);
const panels = (JSON.parse(read('grafana/dashboards/epagal.json')) as { panels: Panel[] }).panels;
interface Panel {
  type: string;
  title: string;
  targets?: { expr: string }[];
  gridPos: { x: number; y: number; w: number; h: number };
}

/** Every question that is asked of Prometheus, with where it stands. */
const questions: [string, string][] = [
  ...rules.map((rule): [string, string] => [rule.alert ?? rule.record ?? '', rule.expr]),
  ...panels.flatMap((panel) =>
    (panel.targets ?? []).map(({ expr }): [string, string] => [panel.title, expr]),
  ),
];

/** Names a question reads, and where its text is no PromQL. */
function look(expr: string): { names: string[]; mistakes: number[] } {
  const names: string[] = [];
  const mistakes: number[] = [];
  parser.parse(expr).iterate({
    enter(node) {
      if (node.type.isError) mistakes.push(node.from);
      if (node.name === 'VectorSelector') {
        const name = node.node.getChild('Identifier');
        if (name) names.push(expr.slice(name.from, name.to));
      }
    },
  });
  return { names, mistakes };
}

/** What the server really tells, and what the rules and Prometheus itself add. */
async function knownNames(): Promise<Set<string>> {
  const zero = () => 0;
  const metrics = createMetrics({
    liveSubscribers: zero,
    connectedDevices: zero,
    ingestQueued: zero,
    lastEventId: zero,
    disk: () => ({ free: 1, total: 2 }),
    lastBackupS: zero,
    intake: () => ({
      paused: 0,
      halfOpen: 0,
      pressures: 0,
      failedBatches: 0,
      queuedMax: 0,
      shut: { refused: 0, revoked: 0, flood: 0, dead: 0, silent: 0 },
    }),
    openAlerts: async () => new Map(),
  });
  const known = new Set(['up', ...rules.flatMap(({ record }) => record ?? [])]);
  for (const metric of await metrics.registry.getMetricsAsJSON()) {
    known.add(metric.name);
    if (String(metric.type) === 'histogram')
      for (const part of ['bucket', 'count', 'sum']) known.add(`${metric.name}_${part}`);
  }
  return known;
}

describe('what is watched', () => {
  it.each(questions)('%s asks in PromQL for what the server tells', async (_where, expr) => {
    const { names, mistakes } = look(expr);
    expect(mistakes).toEqual([]);
    expect(names.length).toBeGreaterThan(0);
    const known = await knownNames();
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });

  it('a mistake or a made-up number would be found', () => {
    expect(look('sum(rate(x[5m])').mistakes.length).toBeGreaterThan(0);
    expect(look('rate(epagal_nothing_total[5m])').names).toEqual(['epagal_nothing_total']);
  });

  it('holds the 99.5 % promise, by fast and slow burn', () => {
    const of = (name: string) => rules.find(({ alert }) => alert === name)!.expr;
    expect(of('EpagalErrorBudgetBurnsFast')).toContain('14.4 * 0.005');
    expect(of('EpagalErrorBudgetBurns')).toContain('6 * 0.005');
    expect(of('EpagalObjectiveMissed')).toContain('< 0.995');
  });

  it('says with every alert how urgent it is and what to do', () => {
    for (const rule of rules.filter(({ alert }) => alert)) {
      expect(['page', 'ticket'], rule.alert).toContain(rule.labels?.severity);
      expect(rule.annotations?.summary, rule.alert).toBeTruthy();
      expect(rule.annotations?.action, rule.alert).toBeTruthy();
    }
  });

  it('draws no panel over another', () => {
    const overlap = (a: Panel['gridPos'], b: Panel['gridPos']) =>
      a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
    for (const [i, a] of panels.entries())
      for (const b of panels.slice(i + 1))
        expect(overlap(a.gridPos, b.gridPos), `${a.title} / ${b.title}`).toBe(false);
  });

  const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
  it.runIf(hasPromtool)('fires and stays quiet as the rule tests say (promtool)', () => {
    execFileSync('promtool', ['check', 'rules', join(FOLDER, 'alerts.yml')], { stdio: 'pipe' });
    execFileSync('promtool', ['test', 'rules', join(FOLDER, 'alerts.test.yml')], { stdio: 'pipe' });
  });
});

describe('docker/compose.monitoring.yml', () => {
  interface Service {
    restart: string;
    volumes: string[];
    ports?: string[];
    healthcheck: { test: string[] };
    deploy: { resources: { limits: { memory: string } } };
    security_opt: string[];
  }
  const { services } = parse(readFileSync(join(PROJECT_ROOT, 'docker/compose.monitoring.yml'), 'utf8')) as {
    services: Record<string, Service>;
  };

  it.each(Object.entries(services))(
    '%s is limited, watched, and open to this machine at most',
    (_name, one) => {
      expect(one.restart).toBe('unless-stopped');
      expect(one.deploy.resources.limits.memory).toMatch(/^\d+m$/);
      expect(one.healthcheck.test.length).toBeGreaterThan(1);
      expect(one.security_opt).toContain('no-new-privileges:true');
      for (const port of one.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
      for (const mount of one.volumes.filter((volume) => volume.startsWith('./'))) {
        expect(existsSync(join(PROJECT_ROOT, 'docker', mount.split(':')[0]!)), mount).toBe(true);
      }
    },
  );
});
