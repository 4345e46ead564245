export const hostile: readonly string[];
