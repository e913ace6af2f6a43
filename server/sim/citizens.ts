import { destination, type Point } from '../../shared/geo.ts';
import type { IncidentType, ReportInput } from '../../shared/incident.ts';
import type { City } from './city.ts';
import { exponential, pick, streamOf } from './random.ts';

const WORDS: Readonly<Record<IncidentType, readonly string[]>> = {
  acopio: [
    'Fundas acumuladas en la esquina.',
    'Basura fuera del contenedor desde ayer.',
    'Cartones y fundas junto al poste.',
    'Escombros pequeños en la vereda.',
  ],
  zona_critica: [
    'Botadero improvisado, huele muy mal.',
    'Desechos del mercado regados en la calle.',
    'Quebrada con basura, hay perros rompiendo fundas.',
  ],
  animal_muerto: [
    'Hay un perro muerto junto a la parada.',
    'Un gato atropellado en la calzada.',
    'Animal muerto en la cuneta.',
  ],
};

const REPORT_EVERY_S = 300;
/** An operator at the desk lets a report wait this long, if nobody else takes it. */
const VALIDATE_AFTER_MS = 15 * 60_000;

/** People who see something and tell of it, and the operator who believes them when the room is unattended. */
export class Citizens {
  private readonly random: () => number;
  private readonly places: readonly Point[];
  private nextMs: number;
  private waiting: { incidentId: number; sinceMs: number }[] = [];

  constructor(seed: number, places: readonly Point[], startMs: number) {
    this.random = streamOf(seed, 'citizens');
    this.places = places;
    this.nextMs = startMs + 60_000;
  }

  /** The next report they would send. */
  nextReport(): ReportInput {
    const share = this.random();
    const type: IncidentType = share < 0.62 ? 'acopio' : share < 0.9 ? 'zona_critica' : 'animal_muerto';
    const corner = pick(this.random, this.places);
    const place = destination(corner, 360 * this.random(), 60 * this.random());
    return {
      type,
      lat: Math.round(place.lat * 1e6) / 1e6,
      lon: Math.round(place.lon * 1e6) / 1e6,
      description: pick(this.random, WORDS[type]),
    };
  }

  async step(city: City, nowMs: number): Promise<void> {
    while (nowMs >= this.nextMs) {
      const atMs = this.nextMs;
      this.nextMs = atMs + exponential(this.random, REPORT_EVERY_S) * 1_000;
      const report = this.nextReport();
      // Too many from one address, or outside the area: a citizen gives up.
      const incidentId = await city.report(report).catch(() => null);
      if (incidentId !== null) this.waiting.push({ incidentId, sinceMs: atMs });
    }
    const due = this.waiting.filter((report) => nowMs - report.sinceMs >= VALIDATE_AFTER_MS);
    this.waiting = this.waiting.filter((report) => nowMs - report.sinceMs < VALIDATE_AFTER_MS);
    for (const report of due) await city.validate(report.incidentId).catch(() => undefined);
  }
}
