import { lazy } from 'react';
import { patiently } from '~/app/patiently.ts';

// Charts are asked for when one is shown, so that no screen waits for them.
export const TimeChart = lazy(async () => ({ default: (await patiently(() => import('./TimeChart.tsx'))).TimeChart }));
export const BarChart = lazy(async () => ({ default: (await patiently(() => import('./BarChart.tsx'))).BarChart }));
