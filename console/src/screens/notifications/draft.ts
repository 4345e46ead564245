import type { Preferences } from './queries.ts';
import { channels, severities } from './screen.ts';

export type Channel = (typeof channels)[number];
export type SeverityName = (typeof severities)[number];

/** Preferences as the form holds them: every channel, and quiet hours and digest switched on or off. */
export type Draft = {
  channels: Record<Channel, { enabled: boolean; threshold: SeverityName }>;
  quiet: { on: boolean; start: string; end: string; zone: string; pierces: boolean };
  digest: { on: boolean; at: string; zone: string; below: SeverityName | '' };
};

const severityOf = (text: string | null | undefined): SeverityName => severities.find((one) => one === text) ?? 'info';

/** A channel that is left out is off. What has no zone yet gets the browser's. */
export const draftOf = ({ channels: set, quiet_hours: quiet, digest }: Preferences, zone: string): Draft => ({
  channels: Object.fromEntries(channels.map((name) => {
    const one = set.find((channel) => channel.channel === name);
    return [name, { enabled: one ? (one.enabled ?? true) : false, threshold: severityOf(one?.severity_threshold) }];
  })) as Draft['channels'],
  quiet: { on: Boolean(quiet), start: quiet?.start.slice(0, 5) ?? '22:00', end: quiet?.end.slice(0, 5) ?? '07:00', zone: quiet?.time_zone ?? zone, pierces: quiet?.critical_pierces ?? true },
  digest: { on: Boolean(digest), at: digest?.at.slice(0, 5) ?? '08:00', zone: digest?.time_zone ?? quiet?.time_zone ?? zone, below: digest?.below ? severityOf(digest.below) : '' },
});

export const preferencesOf = ({ channels: set, quiet, digest }: Draft): Preferences => ({
  channels: channels.map((channel) => ({ channel, enabled: set[channel].enabled, severity_threshold: set[channel].threshold })),
  quiet_hours: quiet.on ? { start: quiet.start, end: quiet.end, time_zone: quiet.zone, critical_pierces: quiet.pierces } : null,
  digest: digest.on ? { at: digest.at, time_zone: digest.zone, below: digest.below || null } : null,
});

/** Quiet hours that begin when they end would be none, or all day: the person has to say which. */
export const quietFault = ({ quiet }: Draft) => quiet.on && quiet.start === quiet.end;
