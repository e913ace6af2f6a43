import { describe, expect, it } from 'vitest';
import { layBoard, takeSeat } from './board.ts';
import { sampleDay } from './warm-up.ts';

const day = sampleDay(2, 4, 1);
const plan = (cost: number, ...routes: number[][]) => ({
  routes: routes.map((nodes) => Int32Array.from(nodes)),
  missing: 0,
  cost,
});

describe('the board on which searches show each other their best plans', () => {
  it('gives each search what the other has shown since, once', () => {
    const memory = layBoard(day, 2);
    const [first, second] = [0, 1].map((own) =>
      takeSeat(day, { memory, own, seats: 2, waits: false }, undefined),
    );
    expect(first?.swap(plan(10, [0, 1], [2, 3]))).toEqual([]);
    expect(second?.swap(plan(9, [3], [1, 0, 2]))).toEqual([plan(10, [0, 1], [2, 3])]);
    expect(second?.swap(plan(8, [], [1, 0, 2, 3]))).toEqual([]);
    expect(first?.swap(plan(10, [0, 1], [2, 3]))).toEqual([plan(8, [], [1, 0, 2, 3])]);
  });

  it('waits for nobody who has left or when the search is given up', () => {
    const memory = layBoard(day, 2);
    const seat = (own: number) => ({ memory, own, seats: 2, waits: true });
    takeSeat(day, seat(1), undefined).leave();
    expect(takeSeat(day, seat(0), undefined).swap(plan(1, [0], [1]))).toEqual([]);
    const lonely = layBoard(day, 2);
    const given = takeSeat(day, { ...seat(0), memory: lonely }, { cancelled: true });
    expect(given.swap(plan(1, [0], [1]))).toEqual([]);
  });

  it('hides a plan with more stops than there is room for', () => {
    const memory = layBoard(day, 2);
    const [first, second] = [0, 1].map((own) =>
      takeSeat(day, { memory, own, seats: 2, waits: false }, undefined),
    );
    first?.swap(plan(1, Array<number>(200).fill(4), []));
    expect(second?.swap(plan(2, [0], [1]))).toEqual([]);
  });
});
