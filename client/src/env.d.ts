declare module 'virtual:tabler-icons' {
  export const bodies: Record<string, string>;
}

declare module '*.css';

declare module '*?worker&url' {
  const url: string;
  export default url;
}
