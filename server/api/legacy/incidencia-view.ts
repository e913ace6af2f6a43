import type { IncidentView } from '../../../shared/incident.ts';
import { ESTADO_INCIDENCIA } from './words.ts';

/** An incident in the words of the existing mobile app. */
export function toIncidencia(incident: IncidentView) {
  return {
    id: incident.id,
    codigo: incident.code,
    tipo: incident.type,
    gravedad: incident.severity,
    descripcion: incident.description,
    foto_url: incident.photoIds[0] ? `/photos/${incident.photoIds[0]}` : null,
    lat: incident.lat,
    lon: incident.lon,
    zona: incident.zone,
    estado: ESTADO_INCIDENCIA[incident.state],
    ventana_inicio: incident.windowStart,
    ventana_fin: incident.windowEnd,
    reportado_en: incident.reportedAt,
    created_at: incident.reportedAt,
    usuario_id: null,
  };
}
