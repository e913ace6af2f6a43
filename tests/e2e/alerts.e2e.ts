import { expect, test, type Page } from '@playwright/test';

/** A truck breaks down: the room is alerted, somebody takes it, it ends by itself when the truck is back. */
async function signIn(page: Page, username: string, password: string): Promise<void> {
  await page.goto('/login');
  await page.locator('input[autocomplete="username"]').fill(username);
  await page.locator('input[type="password"]').fill(password);
  await page.locator('button[type="submit"]').click();
  await page.waitForURL(/\/(control|driver|admin)/);
}

async function tell(page: Page, name: string, input: object): Promise<void> {
  const answer = await page.request.post(`/trpc/${name}`, { data: input });
  expect(answer.ok(), `${name}: ${await answer.text()}`).toBe(true);
}

async function ask<T>(page: Page, name: string, input: object = {}): Promise<T> {
  const answer = await page.request.get(`/trpc/${name}?input=${encodeURIComponent(JSON.stringify(input))}`);
  expect(answer.ok(), `${name}: ${await answer.text()}`).toBe(true);
  return ((await answer.json()) as { result: { data: T } }).result.data;
}

test('a breakdown is an alert that somebody takes and that ends by itself', async ({ page }) => {
  test.setTimeout(180_000);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  await signIn(page, 'admin', 'admin123');
  await expect(page.getByText('En vivo').first()).toBeVisible({ timeout: 60_000 });
  const trucks = await ask<{ id: number; plate: string; state: string }[]>(page, 'fleet.trucks');
  const before = await ask<{ items: { kind: string; subject: { id: number } }[] }>(page, 'alerts.list', {
    cleared: true,
  });
  // One that stands in the depot, so that nobody else's route is touched; and not one that was out a moment ago.
  const wasOut = new Set(
    before.items.filter(({ kind }) => kind === 'truck-out').map((item) => item.subject.id),
  );
  const truck = trucks.filter(({ id, state }) => state === 'available' && !wasOut.has(id)).at(-1)!;
  const digits = /\d+$/.exec(truck.plate)![0];

  await tell(page, 'fleet.truckOut', { truckId: truck.id, reason: 'motor' });
  await page.keyboard.press('n');
  const row = page.locator('article.alert', { hasText: `Camión averiado · ${digits}` });
  await expect(row).toBeVisible({ timeout: 60_000 });
  await row.locator('.head').click();
  await row.getByRole('button', { name: 'Me encargo' }).click();
  await expect(row.getByText('A cargo de admin')).toBeVisible();
  await row.getByRole('button', { name: 'Silenciar hasta fin de turno' }).click();
  await expect(row.getByText(/Silenciada hasta las/)).toBeVisible();

  await tell(page, 'fleet.truckReturned', { truckId: truck.id });
  // What one is looking at stays in view, now among those that are over.
  await expect(row.getByText('Terminó por sí sola')).toBeVisible({ timeout: 60_000 });
  await page.getByRole('radio', { name: /Abiertas/ }).click();
  await expect(row).toBeHidden();
  expect(problems).toEqual([]);
});

test('a notice that is pushed is shown by the browser, once for an alert', async ({ page }) => {
  await page.context().grantPermissions(['notifications']);
  await signIn(page, 'operador1', 'operador123');
  const devtools = await page.context().newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const own = registrations.find(({ scopeURL }) => new URL(scopeURL).pathname === '/control');
      if (own) resolve(own.registrationId);
    });
  });
  await devtools.send('ServiceWorker.enable');
  await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.register('/alerts-sw.js', { scope: '/control' });
    const worker = registration.installing ?? registration.waiting ?? registration.active!;
    if (worker.state === 'activated') return;
    await new Promise<void>((resolve) =>
      worker.addEventListener('statechange', () => worker.state === 'activated' && resolve()),
    );
  });
  const notice = {
    id: 'm-1',
    alertId: 4_711,
    notice: 'raised',
    level: 'urgent',
    title: '[Urgente] Camión averiado',
  };
  const { origin } = new URL(page.url());
  const registrationId = await registered;
  for (const text of ['la primera vez', 'la segunda vez'])
    await devtools.send('ServiceWorker.deliverPushMessage', {
      origin,
      registrationId,
      data: JSON.stringify({ ...notice, text }),
    });
  const shown = () =>
    page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration('/control');
      const notifications = (await registration?.getNotifications()) ?? [];
      return notifications.map(({ title, body, tag, data }) => ({ title, body, tag, data: data as unknown }));
    });
  // The same alert again takes the place of its last notice.
  await expect.poll(shown).toEqual([
    {
      title: notice.title,
      body: 'la segunda vez',
      tag: 'alert-4711',
      data: { path: '/control?alert=4711' },
    },
  ]);
});
