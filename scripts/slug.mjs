/** The anchor of a heading, as GitHub makes it: so links to it work in the repository and on the site alike. */
export const slugOf = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
    .replaceAll(' ', '-')
