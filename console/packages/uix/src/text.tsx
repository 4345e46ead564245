import { createContext, useContext, type ReactNode } from 'react';

/** Every word that components say by themselves, in English. Give others with {@link UixTextProvider}. */
export const englishText = {
  close: 'Close',
  copied: 'Copied',
  copy: 'Copy',
  asOf: 'as of {{time}}',
  estimate: 'estimated',
  unknown: 'unknown',
  loading: 'Loading…',
  stale: 'stale',
  ledOk: 'OK',
  ledDegraded: 'Degraded',
  ledDown: 'Down',
  ledUnknown: 'Unknown',
  approve: 'Approve',
  reject: 'Reject',
  why: 'Reason',
  whyPlaceholder: 'Why? Kept with the decision.',
  whyNeeded: 'Say why: the other person reads it.',
  asksFor: '{{who}} asks for',
  exactArguments: 'Exact arguments',
  reasons: 'Why a second person is asked',
  keyPolicy: 'Policy',
  keyPerson: 'Second person',
  keyOpen: 'waiting',
  keyTurned: 'given',
  keyRefused: 'refused',
  needs: 'Needs',
  secondFactor: 'a fresh second factor',
  expires: 'expires {{time}}',
  expired: 'expired',
  digest: 'Digest',
  ownRequest: 'You asked for this, so somebody else decides.',
  notifications: 'Notifications',
  noNotifications: 'Nothing new.',
  markRead: 'Mark as read',
  noticesWait: '{{n}} wait for you',
  noticesUnread: '{{n}} unread',
  noticeWaits: 'waits for you',
  noticeUnread: 'unread',
  acknowledge: 'Acknowledge',
  snooze: 'Snooze',
  toolArguments: 'Arguments',
  toolResult: 'Result',
  you: 'You',
  toolQueued: 'Queued',
  toolPending: 'Pending',
  toolRunning: 'Running',
  toolAsking: 'Asks first',
  toolAnswered: 'Answered',
  toolDone: 'Done',
  toolFailed: 'Failed',
  toolDenied: 'Denied',
  toolUnknown: 'Outcome unknown',
  toolCancelled: 'Cancelled',
  citation: 'Citation {{n}}',
  rows: '{{n}} rows',
  oneRow: '1 row',
  dismiss: 'Dismiss',
  play: 'Play',
  pause: 'Pause',
  waveform: 'Waveform',
  stepPending: 'Pending',
  stepRunning: 'Running',
  stepWaiting: 'Waiting',
  stepRetrying: 'Retrying',
  stepCompleted: 'Completed',
  stepSkipped: 'Skipped',
  stepFailed: 'Failed',
  stepCancelled: 'Cancelled',
  stepCompensated: 'Undone',
  stepAfter: 'after {{names}}',
  stepFirst: 'begins at once',
  attempts: '{{n}} attempts',
};

export type UixText = typeof englishText;

const Text = createContext<UixText>(englishText);

export const UixTextProvider = ({ text, children }: { text: Partial<UixText>; children: ReactNode }) => (
  <Text.Provider value={{ ...englishText, ...text }}>{children}</Text.Provider>
);

export const useText = () => useContext(Text);

/** Puts values into `{{name}}` holes. */
export const fill = (template: string, values: Record<string, string | number>) => template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(values[name] ?? ''));
