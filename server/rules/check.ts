import { DomainError } from '../../shared/errors.ts';
import { pointInRing, type LonLat } from '../../shared/geo.ts';
import { ZONES, rulesSchema, type Rules } from '../../shared/rules.ts';

/**
 * What the shapes alone do not say: both zones drawn, depot and landfill inside the service area, rings that do not
 * cross themselves, hours in order.
 * @throws DomainError `invalid-input` with the names of the fields
 */
export function checkRules(given: unknown): Rules {
  const rules = rulesSchema.parse(given);
  const fields: string[] = [];
  for (const zone of ZONES) {
    if (rules.zones.filter((candidate) => candidate.zone === zone).length === 0) fields.push(`zones.${zone}`);
  }
  if (!isSimple(rules.serviceArea)) fields.push('serviceArea');
  rules.zones.forEach(({ ring }, index) => {
    if (!isSimple(ring)) fields.push(`zones.${index}.ring`);
  });
  if (!pointInRing(rules.depot, rules.serviceArea)) fields.push('depot');
  if (!pointInRing(rules.landfill, rules.serviceArea)) fields.push('landfill');
  if (rules.landfillHours && rules.landfillHours.openS >= rules.landfillHours.closeS)
    fields.push('landfillHours');
  rules.otherLandfills.forEach((landfill, index) => {
    if (!pointInRing(landfill, rules.serviceArea)) fields.push(`otherLandfills.${index}`);
    if (landfill.hours && landfill.hours.openS >= landfill.hours.closeS)
      fields.push(`otherLandfills.${index}.hours`);
  });
  rules.breaks.forEach((pause, index) => {
    const before = rules.breaks[index - 1];
    if (pause.fromS > pause.untilS || (before !== undefined && pause.fromS < before.untilS))
      fields.push(`breaks.${index}`);
  });
  if (fields.length > 0) {
    throw new DomainError('invalid-input', `The rules contradict themselves: ${fields.join(', ')}.`, {
      fields,
    });
  }
  return rules;
}

/** True when no two sides of a closed ring cross. Quadratic; a ring has at most 2,000 corners. */
function isSimple(ring: readonly LonLat[]): boolean {
  const last = ring[ring.length - 1]!;
  const closed = last[0] === ring[0]![0] && last[1] === ring[0]![1];
  const corners = closed ? ring.slice(0, -1) : ring;
  const n = corners.length;
  if (n < 3) return false;
  for (let i = 0; i < n; i++) {
    for (let j = i + 2; j < n; j++) {
      if (i === 0 && j === n - 1) continue;
      if (cross(corners[i]!, corners[(i + 1) % n]!, corners[j]!, corners[(j + 1) % n]!)) return false;
    }
  }
  return true;
}

function side(a: LonLat, b: LonLat, p: LonLat): number {
  return Math.sign((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]));
}

function cross(a: LonLat, b: LonLat, c: LonLat, d: LonLat): boolean {
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}
