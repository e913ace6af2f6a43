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

test('a breakdown is an alert that somebody takes and that ends by itself', async ({ page }) => {
  test.setTimeout(180_000);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  await signIn(page, 'admin', 'admin123');
  await expect(page.getByText('En vivo').first()).toBeVisible({ timeout: 60_000 });
  const trucks = (await (await page.request.get('/trpc/fleet.trucks')).json()) as {
    result: { data: { id: number; plate: string; state: string }[] };
  };
  // One that stands in the depot: nobody else's route is touched.
  const truck = trucks.result.data.filter(({ state }) => state === 'available').at(-1)!;
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
  await expect(row).toBeHidden({ timeout: 60_000 });
  await page.getByRole('radio', { name: 'Recientes' }).click();
  await expect(row.getByText('Terminó por sí sola')).toBeVisible();
  expect(problems).toEqual([]);
});
