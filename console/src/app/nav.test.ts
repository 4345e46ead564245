import { expect, it } from 'vitest';
import { screens } from '~/screens/index.ts';

it('leads with each key and from each address to one place', () => {
  const places = screens.flatMap((screen) => screen.nav ?? []);
  const keys = places.map((place) => place.key).filter((key) => key !== undefined);
  expect(new Set(keys).size).toBe(keys.length);
  expect(new Set(places.map((place) => place.to)).size).toBe(places.length);
});
