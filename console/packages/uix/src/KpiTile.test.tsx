import { render, screen } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { KpiTile } from './KpiTile.tsx';

const at = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
const shown = (state: Parameters<typeof KpiTile>[0]['state']) => {
  const { container } = render(<KpiTile label="Waiting" unit="ms" source="GET /v1/x" state={state} />);
  return container.textContent ?? '';
};

describe('a tile', () => {
  it('shows an unknown value as a dash with the reason, never as a number', () => {
    const text = shown({ kind: 'unknown', reason: 'nobody has measured it' });
    expect(text).toContain('—');
    expect(text).toContain('nobody has measured it');
    expect(text).not.toMatch(/\d|ms/);
  });

  it('shows why it failed, and no value', () => expect(shown({ kind: 'error', reason: 'the query was refused' })).not.toMatch(/\d|ms/));

  it('says when a value was read, and that an old one is old', () => {
    shown({ kind: 'stale', value: '7', at, reason: 'the server did not answer' });
    expect(screen.getByText('stale')).toBeTruthy();
    expect(screen.getByText(/as of/).getAttribute('datetime')).toBe(at.toISOString());
  });

  it('marks an estimate', () => {
    shown({ kind: 'ok', value: '7', at, estimated: true });
    expect(screen.getByText('estimated')).toBeTruthy();
  });
});
