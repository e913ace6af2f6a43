import { describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';

describe('metrics', () => {
  it('tells what was counted, and reads the present when asked', async () => {
    let screens = 3;
    const metrics = createMetrics(
      { liveSubscribers: () => screens, disk: () => ({ free: 2, total: 3 }) },
      { processMetrics: false },
    );
    metrics.ingestFixes.inc({ result: 'stored' }, 5);
    metrics.ingestRejects.inc({ reason: 'too-old' });
    metrics.planSolveSeconds.observe({ kind: 'breakdown' }, 1.2);
    screens = 8;

    const text = await metrics.text();
    expect(text).toContain('epagal_ingest_fixes_total{result="stored",service="epagal"} 5');
    expect(text).toContain('epagal_ingest_rejects_total{reason="too-old",service="epagal"} 1');
    expect(text).toContain('epagal_live_subscribers{service="epagal"} 8');
    expect(text).toContain('epagal_disk_free_bytes{service="epagal"} 2');
    expect(text).toMatch(/epagal_plan_solve_seconds_bucket\{le="1.5",service="epagal",kind="breakdown"\} 1/);
    expect(text).not.toContain('epagal_devices_connected');
  });

  it('includes the delay of the event loop', async () => {
    expect(await createMetrics().text()).toContain('nodejs_eventloop_lag_p99_seconds');
  });

  it('does not wait for a database that hangs', async () => {
    const metrics = createMetrics(
      { openAlerts: () => new Promise(() => undefined), lastEventId: () => 7 },
      { processMetrics: false },
    );
    expect(await metrics.text()).toContain('epagal_event_log_last_id{service="epagal"} 7');
  });

  it('can be made twice in one process', () => {
    expect(() => [createMetrics(), createMetrics()]).not.toThrow();
  });
});
