/** Dark after 18:30 in Latacunga, light again from 06:00. */
import { clockTime } from '../../../shared/time.ts';

const DARK_FROM = '18:30';
const LIGHT_FROM = '06:00';

export function isNight(atMs: number): boolean {
  const time = clockTime(atMs);
  return time >= DARK_FROM || time < LIGHT_FROM;
}
