import { expect, test, type Page } from '@playwright/test';

/**
 * A truck fails; the supervisor reads the proposal, switches between its three answers, looks at the price of a part,
 * changes a draft by hand, approves, and takes it back.
 */
test.describe.configure({ mode: 'serial', timeout: 300_000 });

interface Move {
  stopId: number;
  toRouteId: number | null;
  toTruckId?: number | null;
}
interface Proposal {
  id: number;
  kind: string;
  diff: { moved: Move[]; cost: { seconds: number } };
  alternatives: string[];
}

async function ask<T>(page: Page, name: string, input: object = {}): Promise<T> {
  const answer = await page.request.get(`/trpc/${name}?input=${encodeURIComponent(JSON.stringify(input))}`);
  expect(answer.ok(), `${name}: ${await answer.text()}`).toBe(true);
  return ((await answer.json()) as { result: { data: T } }).result.data;
}

let desk: Page;
let proposal: Proposal;
const problems: string[] = [];

test.beforeAll(async ({ browser }) => {
  desk = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
  desk.on('pageerror', (error) => problems.push(error.message));
  await desk.goto('/login');
  await desk.locator('input[autocomplete="username"]').fill('supervisor1');
  await desk.locator('input[type="password"]').fill('supervisor123');
  await desk.locator('button[type="submit"]').click();
  await expect(desk.getByText('En vivo').first()).toBeVisible({ timeout: 60_000 });
});
test.afterAll(() => desk.close());

test('a breakdown is answered three times, and each answer is shown without a wait', async () => {
  const { routes } = await ask<{
    routes: { truckId: number; state: string; stops: { kind: string; state: string }[] }[];
  }>(desk, 'plans.current');
  const open = (route: (typeof routes)[number]) =>
    route.stops.filter((stop) => stop.kind === 'incident' && stop.state === 'planned').length;
  const failing = routes.filter((route) => route.state === 'running').sort((a, b) => open(b) - open(a))[0]!;
  const done = await desk.request.post('/trpc/plans.breakdown', { data: { truckId: failing.truckId } });
  const { proposalId } = ((await done.json()) as { result: { data: { proposalId: number } } }).result.data;
  await expect
    .poll(
      async () => {
        proposal = (await ask<Proposal[]>(desk, 'plans.proposals')).find((one) => one.id === proposalId)!;
        return [...proposal.alternatives].sort();
      },
      { timeout: 60_000 },
    )
    .toEqual(['balanced', 'maximal', 'minimal']);
  await desk.goto(`/control?proposal=${proposalId}`);
  await expect(desk.getByText(`P-${proposalId}`, { exact: false }).first()).toBeVisible({ timeout: 60_000 });
  for (const [key, name] of [
    ['1', 'minimal'],
    ['3', 'maximal'],
    ['2', 'balanced'],
  ] as const) {
    const card = desk.locator(`[data-alternative="${name}"]`);
    await expect(card).toBeEnabled({ timeout: 60_000 });
    await desk.keyboard.press(key);
    await expect(card).toHaveAttribute('aria-pressed', 'true');
    await expect(card).toContainText('Se cumplen');
  }
});

test('a part shows its own price before it is approved', async () => {
  const boxes = desk.locator('.row input[type="checkbox"]');
  await boxes.last().uncheck();
  const total = proposal.diff.moved.length;
  await expect(desk.getByText(`de ${total} marcadas`, { exact: false })).toBeVisible();
  await expect(desk.getByText(/quedan? como está/).first()).toBeVisible();
  await boxes.last().check();
  await expect(desk.getByText(`${total} de ${total} marcadas`)).toBeVisible();
});

test('a draft is changed by keyboard, kept when it is left, approved, and taken back', async () => {
  const { version } = await ask<{ version: number }>(desk, 'plans.current');
  await desk.keyboard.press('e');
  await expect(desk.getByText(/Borrador suyo/).first()).toBeVisible({ timeout: 60_000 });
  const receiving = new Map<number, number>();
  for (const move of proposal.diff.moved) {
    if (move.toRouteId !== null) receiving.set(move.toRouteId, (receiving.get(move.toRouteId) ?? 0) + 1);
  }
  const [routeId] = [...receiving].sort((a, b) => b[1] - a[1])[0]!;
  const move = proposal.diff.moved.find((one) => one.toRouteId === routeId)!;
  const block = desk.locator(`[data-draft-stop="${move.stopId}"]`).first();
  await block.focus();
  await desk.keyboard.press('ArrowRight');
  await desk.keyboard.press('ArrowRight');
  await expect(desk.locator('.told')).toContainText(/min|km/, { timeout: 60_000 });
  await desk.keyboard.press('Enter');
  await expect
    .poll(
      async () => (await ask<{ revision: number }[]>(desk, 'plans.drafts')).map((draft) => draft.revision),
      { timeout: 60_000 },
    )
    .toEqual([2]);
  expect((await ask<{ version: number }>(desk, 'plans.current')).version).toBe(version);

  await desk.keyboard.press('Escape');
  await desk.getByRole('button', { name: 'Seguir' }).click();
  await expect(desk.getByText(/un cambio/).first()).toBeVisible();
  await desk.getByRole('button', { name: /Aprobar borrador/ }).click();
  await expect
    .poll(async () => (await ask<{ version: number }>(desk, 'plans.current')).version, { timeout: 60_000 })
    .toBe(version + 1);
  const [newest] = await ask<{ version: number; approval: string }[]>(desk, 'plans.history');
  expect(newest).toMatchObject({ version: version + 1, approval: 'edited' });
  // Taken back is what is seen: the room has to show the version first.
  await expect(desk.getByText(`v${version + 1} ·`).first()).toBeVisible({ timeout: 60_000 });
  await desk.keyboard.press('Control+z');
  await expect
    .poll(async () => (await ask<{ version: number }>(desk, 'plans.current')).version, { timeout: 60_000 })
    .toBe(version + 2);
});

test('no page threw an error on the way', () => {
  expect(problems).toEqual([]);
});
