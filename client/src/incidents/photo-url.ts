/** Where the server keeps a report's photo. */
export const photoUrl = (photoId: string) => `/photos/${encodeURIComponent(photoId)}`;
