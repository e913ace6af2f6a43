import { expect, test } from '@playwright/test';
import { VERSION } from '../../server/ops/project.ts';

/** An error on a page reaches the report service with its release and its place in the code, and nothing personal. */
for (const path of ['/', '/login']) {
  test(`an unforeseen error on ${path} is reported once, without personal data`, async ({
    page,
    request,
  }) => {
    await page.goto(path);
    await expect(page.getByRole('button').first()).toBeVisible();
    const mark = `mark-${path.length}`;
    const sent = page.waitForRequest((one) => one.url().includes('/api/42/envelope/'));
    await page.evaluate((text) => {
      setTimeout(() => {
        throw new TypeError(text);
      });
    }, `${mark}: no row for 1710034065 of rosa@example.org`);
    await (await sent).response();

    const inbox = (await (await request.get(process.env.E2E_REPORTS_URL!)).json()) as { body: string }[];
    const mine = inbox.filter(({ body }) => body.includes(mark));
    expect(mine).toHaveLength(1);
    const [header, item, event] = mine[0]!.body.split('\n').map((line) => JSON.parse(line) as Envelope);
    expect(header).toHaveProperty('event_id');
    expect(item).toMatchObject({ type: 'event' });
    expect(event).toMatchObject({
      release: `epagal@${VERSION}`,
      tags: { page: path === '/' ? 'citizen' : 'login' },
    });
    const [exception] = event!.exception!.values;
    expect(exception).toMatchObject({ type: 'TypeError', value: `${mark}: no row for [number] of [mail]` });
    expect(exception!.stacktrace!.frames.length).toBeGreaterThan(0);
    expect(mine[0]!.body).not.toMatch(/1710034065|rosa@example/);
  });
}

interface Envelope {
  exception?: { values: { type: string; value: string; stacktrace?: { frames: unknown[] } }[] };
}

test('the code on the page has its source beside it, so that a place in a report can be read', async ({
  page,
  request,
  baseURL,
}) => {
  await page.goto('/login');
  const script = await page.locator('script[type="module"][src]').first().getAttribute('src');
  const text = await (await request.get(new URL(script!, baseURL).href)).text();
  const map = /sourceMappingURL=(\S+)/.exec(text)?.[1];
  expect(map).toBeDefined();
  const answer = await request.get(new URL(map!, new URL(script!, baseURL)).href);
  expect(answer.status()).toBe(200);
  expect(
    ((await answer.json()) as { sources: string[] }).sources.some((source) => source.endsWith('.vue')),
  ).toBe(true);
});
