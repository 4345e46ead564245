export function faultsOf(name: string, source: string): { line: number; rule: string; text: string }[];
