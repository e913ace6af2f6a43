import { describe, expect, it } from 'vitest';
import { addressAt } from './address.ts';

const place = { lat: -0.935, lon: -78.61 };
const streets = (...names: [string, number][]) => ({
  status: 200,
  body: { waypoints: names.map(([name, distance]) => ({ name, distance })) },
});

describe('the address of a place', () => {
  it('is the two nearest named streets', async () => {
    const answer = streets(['', 3], ['Quito', 5], ['Quito', 9], ['Tarqui', 20], ['Napo', 25], ['Sucre', 120]);
    expect(await addressAt(async () => answer, place)).toBe('Quito y Tarqui');
    expect(await addressAt(async () => streets(['Quito', 5], ['Sucre', 120]), place)).toBe('Quito');
  });

  it('is unknown, soon, where the router is silent, refuses or talks nonsense', async () => {
    expect(await addressAt(() => new Promise(() => undefined), place, 5)).toBeNull();
    expect(await addressAt(() => Promise.reject(new Error('refused')), place)).toBeNull();
    expect(await addressAt(async () => ({ status: 200, body: { waypoints: 'none' } }), place)).toBeNull();
    expect(await addressAt(async () => ({ status: 400, body: {} }), place)).toBeNull();
  });
});
