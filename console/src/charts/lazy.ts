import { lazy } from 'react';

// Charts are asked for when one is shown, so that no screen waits for them.
export const TimeChart = lazy(async () => ({ default: (await import('./TimeChart.tsx')).TimeChart }));
export const BarChart = lazy(async () => ({ default: (await import('./BarChart.tsx')).BarChart }));
