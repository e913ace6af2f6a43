import { describe, expect, it } from 'vitest';
import { layoutTags, type TagRequest } from './tag-layout.ts';

const area = { left: 0, top: 0, right: 1_000, bottom: 600 };
const tag = (id: string, x: number, y: number, weight = 1): TagRequest => ({
  id,
  x,
  y,
  width: 120,
  height: 40,
  gap: 20,
  weight,
});
const boxOf = (placed: { left: number; top: number }) => ({
  left: placed.left,
  top: placed.top,
  right: placed.left + 120,
  bottom: placed.top + 40,
});

describe('tags', () => {
  it('stand to the right of their mark when there is room', () => {
    expect(layoutTags([tag('a', 100, 100)], area, [])).toEqual([{ id: 'a', left: 120, top: 80, side: 0 }]);
  });

  it('never cover each other while another side is free', () => {
    const placed = layoutTags([tag('a', 300, 300), tag('b', 330, 300), tag('c', 300, 330)], area, []).map(
      boxOf,
    );
    for (const [i, a] of placed.entries()) {
      for (const b of placed.slice(i + 1)) {
        const apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
        expect(apart).toBe(true);
      }
    }
  });

  it('turn inwards at the edge, and are left out when their mark is out of sight', () => {
    const [atEdge] = layoutTags([tag('a', 980, 300)], area, []);
    expect(boxOf(atEdge!).right).toBeLessThanOrEqual(1_000);
    expect(layoutTags([tag('a', 1_100, 300)], area, [])).toEqual([]);
  });

  it('yield to marks', () => {
    const mark = { left: 110, top: 80, right: 260, bottom: 120 };
    const [placed] = layoutTags([tag('a', 100, 100)], area, [mark]);
    const box = boxOf(placed!);
    expect(box.bottom <= mark.top || box.top >= mark.bottom || box.right <= mark.left).toBe(true);
  });

  it('give the better place to the weightier', () => {
    const placed = layoutTags([tag('light', 300, 300, 1), tag('heavy', 300, 305, 9)], area, []);
    expect(placed[0]?.id).toBe('heavy');
    expect(placed[0]?.left).toBe(320);
  });
});
