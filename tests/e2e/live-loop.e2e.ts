import { expect, test, type APIRequestContext, type Browser, type Page } from '@playwright/test';

/**
 * The whole loop as people live it: a citizen reports on a phone, an operator's screen shows it without a reload,
 * a supervisor validates, reads the proposal and approves it, moves a stop for a price, takes the move back.
 */
test.describe.configure({ mode: 'serial', timeout: 240_000 });

interface Plan {
  version: number;
  routes: {
    id: number;
    zone: string;
    truckId: number;
    state: string;
    stops: { id: number; kind: string; state: string; lat: number; lon: number; incidentId?: number }[];
  }[];
}

async function ask<T>(request: APIRequestContext, name: string, input: object = {}): Promise<T> {
  const answer = await request.get(`/trpc/${name}?input=${encodeURIComponent(JSON.stringify(input))}`);
  expect(answer.ok(), `${name}: ${await answer.text()}`).toBe(true);
  return ((await answer.json()) as { result: { data: T } }).result.data;
}

const plan = (page: Page) => ask<Plan>(page.request, 'plans.current');

// The city is alive: a truck that comes home may get its next round, a version of its own, at any moment. What the
// people here do is looked for in the plan, not in its number.
const holds = async (incidentId: number) =>
  (await plan(desk)).routes.some((route) => route.stops.some((stop) => stop.incidentId === incidentId));
const homeOf = async (stopId: number) =>
  (await plan(desk)).routes.find((route) => route.stops.some((stop) => stop.id === stopId))?.id;

async function signIn(page: Page, username: string, password: string): Promise<void> {
  await page.goto('/login');
  await page.locator('input[autocomplete="username"]').fill(username);
  await page.locator('input[type="password"]').fill(password);
  await page.locator('button[type="submit"]').click();
  await page.waitForURL(/\/(control|driver|admin)/);
}

let desk: Page;
const problems: string[] = [];

test.beforeAll(async ({ browser }) => {
  desk = await browser.newPage();
  desk.on('pageerror', (error) => problems.push(error.message));
  await signIn(desk, 'supervisor1', 'supervisor123');
  await expect(desk.getByText('En vivo').first()).toBeVisible({ timeout: 60_000 });
});

test.afterAll(async () => {
  await desk.close();
});

test('the map draws streets and trucks, not a blank', async () => {
  const canvas = desk.locator('canvas').first();
  await expect(canvas).toBeVisible();
  // A flat picture compresses to almost nothing; streets, names and trucks do not.
  await expect
    .poll(async () => (await desk.screenshot({ clip: { x: 360, y: 80, width: 800, height: 540 } })).length, {
      timeout: 60_000,
    })
    .toBeGreaterThan(40_000);
  await expect(desk.locator('[data-truck]').first()).toBeVisible();
});

/** A citizen's phone near where a truck of the zone will pass. */
async function reportNear(browser: Browser, place: { lat: number; lon: number }): Promise<string> {
  const phone = await browser.newContext({
    viewport: { width: 412, height: 915 },
    locale: 'es-EC',
    permissions: ['geolocation'],
    geolocation: { latitude: place.lat, longitude: place.lon },
  });
  const page = await phone.newPage();
  page.on('pageerror', (error) => problems.push(error.message));
  await page.goto('/');
  await page.getByText('Animal muerto').first().click();
  await page.getByRole('button', { name: /ubicación/ }).click();
  await page.locator('textarea').fill('Un perro, junto a la parada. <img src=x onerror=alert(1)>');
  await page.getByRole('button', { name: 'Enviar aviso' }).click();
  await page.waitForURL(/\/seguir\/[A-Z0-9]+/, { timeout: 60_000 });
  const code = /\/seguir\/([A-Z0-9]+)/.exec(page.url())![1]!;
  await phone.close();
  return code;
}

let incidentId = 0;

test('a citizen reports on a phone; the desk sees it without a reload', async ({ browser }) => {
  const { routes } = await plan(desk);
  const running = routes.find(
    (route) => route.state === 'running' && route.stops.some((s) => s.kind === 'incident'),
  )!;
  const ahead = running.stops.filter((stop) => stop.state === 'planned' && stop.kind === 'incident').at(-1)!;
  // Another house with each run, so that a report on a server that runs already joins no earlier one.
  const aside = (Math.floor(Date.now() / 1_000) % 20) * 0.0004;
  const code = await reportNear(browser, { lat: ahead.lat + 0.0011, lon: ahead.lon - 0.004 + aside });
  await expect
    .poll(async () => {
      const { items } = await ask<{ items: { id: number; code: string }[] }>(desk.request, 'incidents.list', {
        state: 'pending',
      });
      incidentId = items.find((item) => item.code === code)?.id ?? 0;
      return incidentId;
    })
    .toBeGreaterThan(0);
  const waiting = desk.getByRole('button', { name: /nuevas?$/ });
  const row = desk.locator(`[data-incident="${incidentId}"]`).first();
  await expect(waiting.or(row).first()).toBeVisible({ timeout: 60_000 });
  if (await waiting.isVisible()) await waiting.click();
  await expect(row).toBeVisible();
});

test('validated, it is proposed; approved, it is in the plan', async () => {
  const before = await plan(desk);
  await desk.locator(`[data-incident="${incidentId}"] button`).first().click();
  const card = desk.locator(`[data-incident="${incidentId}"]`).first();
  await expect(card).toContainText('Un perro, junto a la parada. <img src=x onerror=alert(1)>');
  await card.getByRole('button', { name: /Validar/ }).click();
  let proposalId = 0;
  await expect
    .poll(
      async () => {
        const open = await ask<{ id: number; incidentIds: number[] }[]>(desk.request, 'plans.proposals');
        proposalId = open.find((proposal) => proposal.incidentIds.includes(incidentId))?.id ?? 0;
        return proposalId;
      },
      { timeout: 60_000 },
    )
    .toBeGreaterThan(0);
  expect(await holds(incidentId)).toBe(false);

  await desk
    .getByRole('button', { name: /Revisar/ })
    .first()
    .click();
  // An older proposal may have been on the screen; this one has taken its place.
  await expect(desk.getByText(`P-${proposalId}`, { exact: false }).first()).toBeVisible({ timeout: 60_000 });
  await expect(desk.getByText(/Parada nueva/).first()).toBeVisible({ timeout: 60_000 });
  await desk
    .getByRole('button', { name: /Aprobar/ })
    .first()
    .click();
  await expect.poll(() => holds(incidentId), { timeout: 60_000 }).toBe(true);
  const after = await plan(desk);
  expect(after.version).toBeGreaterThan(before.version);
  await expect(desk.getByText(`v${after.version} ·`, { exact: false }).first()).toBeVisible({
    timeout: 60_000,
  });
});

test('a stop dragged to another truck shows its price before the drop; undo takes it back', async () => {
  await desk.keyboard.press('Escape');
  await desk.getByText('±3 h', { exact: true }).click();
  const before = await plan(desk);
  const running = before.routes.filter(
    (route) => route.state === 'running' && route.stops.filter((s) => s.state === 'planned').length > 4,
  );
  const ahead = (route: Plan['routes'][number]) =>
    route.stops.filter((stop) => stop.state === 'planned' && stop.kind === 'incident');
  const byWork = [...running].sort((a, b) => ahead(b).length - ahead(a).length);
  /** The last stop that is on the screen, of the truck with most incidents before it that has one. */
  const inSight = async () => {
    for (const route of byWork) {
      for (const stop of ahead(route).slice(1).reverse()) {
        const block = desk.locator(`.board [data-stop="${stop.id}"]`);
        // The board draws only what its stretch of time holds.
        const box = (await block.count()) === 0 ? null : await block.first().boundingBox({ timeout: 2_000 });
        if (box !== null && box.x + box.width < 1_560 && box.width > 8) return { from: route, stop, box };
      }
    }
    return null;
  };
  let found: Awaited<ReturnType<typeof inSight>> = null;
  await expect.poll(async () => (found = await inSight()) !== null, { timeout: 60_000 }).toBe(true);
  const { from, ...grabbed } = found!;
  const to = running.find((route) => route.id !== from.id)!;
  const target = (await desk.locator(`[data-truck][data-route="${to.id}"]`).first().boundingBox())!;
  await desk.mouse.move(grabbed.box.x + grabbed.box.width / 2, grabbed.box.y + grabbed.box.height / 2);
  await desk.mouse.down();
  const y = target.y + target.height / 2;
  await desk.mouse.move(grabbed.box.x + 10, y, { steps: 6 });
  await desk.mouse.move(grabbed.box.x + 30, y, { steps: 4 });
  const price = desk.locator('.ghost > .price');
  await expect(price).toContainText(/min|h |km/, { timeout: 60_000 });
  expect(await homeOf(grabbed.stop.id)).toBe(from.id);
  await desk.mouse.up();
  await expect.poll(() => homeOf(grabbed.stop.id), { timeout: 60_000 }).toBe(to.id);

  await desk.getByRole('button', { name: 'Deshacer' }).first().click();
  await expect.poll(() => homeOf(grabbed.stop.id), { timeout: 60_000 }).toBe(from.id);
});

test('the room speaks English too', async () => {
  await desk.getByRole('button', { name: 'Idioma' }).click();
  await expect(desk.getByRole('heading', { name: 'Plan of the day' })).toBeVisible();
  await desk.getByRole('button', { name: 'Language' }).click();
  await expect(desk.getByRole('heading', { name: 'Plan del día' })).toBeVisible();
});

test('an operator sees and validates, and is not offered what a supervisor decides', async ({ browser }) => {
  const page = await browser.newPage();
  await signIn(page, 'operador1', 'operador123');
  await expect(page.getByText('En vivo').first()).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole('button', { name: 'Deshacer' })).toHaveCount(0);
  const refused = await page.request.post('/trpc/plans.undo', { data: { version: 1 } });
  expect(refused.status()).toBe(403);
  await page.close();
});

test('no page threw an error on the way', () => {
  expect(problems).toEqual([]);
});
