/** The words of every domain behind the login. A new domain adds its two files here. */
import adminEn from '../admin/locale.en.ts';
import adminEs from '../admin/locale.es.ts';
import alertsEn from '../alerts/locale.en.ts';
import alertsEs from '../alerts/locale.es.ts';
import appEn from './locale.en.ts';
import appEs from './locale.es.ts';
import controlEn from '../control/locale.en.ts';
import controlEs from '../control/locale.es.ts';
import driverEn from '../driver/locale.en.ts';
import driverEs from '../driver/locale.es.ts';
import historyEn from '../history/locale.en.ts';
import historyEs from '../history/locale.es.ts';
import incidentsEn from '../incidents/locale.en.ts';
import incidentsEs from '../incidents/locale.es.ts';
import planningEn from '../planning/locale.en.ts';
import planningEs from '../planning/locale.es.ts';

export const messages = {
  es: {
    app: appEs,
    control: controlEs,
    incidents: incidentsEs,
    planning: planningEs,
    driver: driverEs,
    admin: adminEs,
    alerts: alertsEs,
    history: historyEs,
  },
  en: {
    app: appEn,
    control: controlEn,
    incidents: incidentsEn,
    planning: planningEn,
    driver: driverEn,
    admin: adminEn,
    alerts: alertsEn,
    history: historyEn,
  },
};
