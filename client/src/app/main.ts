import { createApp } from 'vue';
import ui from '@nuxt/ui/vue-plugin';
import '../ui/app.css';
import App from './App.vue';
import { messages } from './all-messages.ts';
import { reportErrors } from './error-reports.ts';
import { createMessages } from './i18n.ts';
import { createAppRouter } from './router.ts';
import { startTheme } from './theme.ts';
import { bundleIcons } from './nuxt-icons.ts';

startTheme(location.pathname.startsWith('/driver') ? 'light' : 'dark');
bundleIcons();
const app = createApp(App);
reportErrors(app);
app.use(createAppRouter()).use(createMessages(messages)).use(ui).mount('#app');
