/** Reads what an address says. A value that makes no sense is left out, so an old or mistyped link still opens the screen. */
type Reader<T> = (value: unknown) => T | undefined;

const textMax = 500;

export const text: Reader<string> = (value) => (typeof value === 'string' && value.length > 0 && value.length <= textMax ? value : typeof value === 'number' ? String(value) : undefined);

export const whole: Reader<number> = (value) => (typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined);

/** `?kiosk` alone means yes. */
export const flag: Reader<true> = (value) => (value === true || value === '' || value === 1 ? true : undefined);

export const oneOf = <const T extends readonly string[]>(all: T): Reader<T[number]> => (value) => all.find((one) => one === value);

/** The filters of a screen, as its address holds them. */
export const search = <const R extends Record<string, Reader<unknown>>>(readers: R) => (raw: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(readers).flatMap(([name, read]) => (read(raw[name]) === undefined ? [] : [[name, read(raw[name])]]))) as { [K in keyof R]?: NonNullable<ReturnType<R[K]>> };
