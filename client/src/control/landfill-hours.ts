/** When the landfill closes today, from the rules' seconds after local midnight. */

/** Ecuador keeps one offset all year. */
const OFFSET = '-05:00';

/** Milliseconds since the epoch; null when it is always open or already closed for today. */
export function landfillClosesMs(
  hours: { openS: number; closeS: number } | null,
  nowMs: number,
  localDay: string,
): number | null {
  if (hours === null) return null;
  const closes = Date.parse(`${localDay}T00:00:00${OFFSET}`) + hours.closeS * 1_000;
  return closes > nowMs ? closes : null;
}
