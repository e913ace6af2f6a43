declare module 'virtual:tabler-icons' {
  export const bodies: Record<string, string>;
}

declare module '*.vue' {
  import type { DefineComponent } from 'vue';
  const component: DefineComponent;
  export default component;
}

declare module '*.css';

declare module '*?worker&url' {
  const url: string;
  export default url;
}
