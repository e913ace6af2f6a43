import { expect, test } from '@playwright/test';

/** The first minute of anybody who tries the product: each page opens and says what it is for. */
test('a citizen finds the report form', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading').first()).toBeVisible();
  await expect(page.getByRole('button').first()).toBeVisible();
});

test('a supervisor signs in and sees the room', async ({ page }) => {
  await page.goto('/login');
  await page.locator('input[autocomplete="username"]').fill('supervisor1');
  await page.locator('input[type="password"]').fill('supervisor123');
  await page.locator('button[type="submit"]').click();
  await expect(page).toHaveURL(/\/control/);
  await expect(page.locator('canvas').first()).toBeVisible();
});

test('nothing is asked of the Internet', async ({ page, baseURL }) => {
  const elsewhere: string[] = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (!['data:', 'blob:'].includes(url.protocol) && url.origin !== baseURL) elsewhere.push(request.url());
  });
  await page.goto('/');
  await expect(page.getByRole('heading').first()).toBeVisible();
  await page.goto('/login');
  await expect(page.locator('input[type="password"]')).toBeVisible();
  expect(elsewhere).toEqual([]);
});
