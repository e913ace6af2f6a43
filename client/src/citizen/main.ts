import { createApp } from 'vue';
import '@fontsource-variable/inter';
import '../ui/tokens.css';
import '../ui/base.css';
import appEn from '../app/locale.en.ts';
import appEs from '../app/locale.es.ts';
import { reportErrors } from '../app/error-reports.ts';
import { createMessages } from '../app/i18n.ts';
import CitizenApp from './CitizenApp.vue';
import citizenEn from './locale.en.ts';
import citizenEs from './locale.es.ts';
import { startOutbox } from './outbox.ts';

void startOutbox();
const app = createApp(CitizenApp);
reportErrors(app);
app
  .use(createMessages({ es: { app: appEs, citizen: citizenEs }, en: { app: appEn, citizen: citizenEn } }))
  .mount('#app');
