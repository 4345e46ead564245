import { Banner, Button, Drawer, JsonView, Table } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useToast } from '@somastack/uix';
import { useState } from 'react';
import { api, newKey } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Facts } from '~/app/Facts.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { relativeTime } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { Fires } from './Fires.tsx';
import { scheduleQuery, type Schedule } from './queries.ts';
import { targetOf } from './ScheduleList.tsx';
import { SteerDialog, type Verb } from './SteerDialog.tsx';
import { onClock, ownZone } from './zones.ts';
import { useScheduleWords } from './words.ts';

const Times = ({ schedule }: { schedule: Schedule }) => {
  const say = useScheduleWords();
  const lang = useLanguage();
  return (
    <Table label={say('nextFive')} rows={schedule.next.map((at) => ({ at }))} rowId={({ at }) => at} empty={<p className="text-sm text-muted">{schedule.paused === null ? say('noNextEver') : say('noNext')}</p>} className="rounded-md border border-line"
      columns={[
        { id: 'yours', header: `${say('yours')} (${ownZone()})`, cell: ({ at }) => <time dateTime={at} className="font-normal tabular-nums">{onClock(at, lang)}</time> },
        { id: 'theirs', header: `${say('theirs')} (${schedule.time_zone})`, cell: ({ at }) => <span className="tabular-nums">{onClock(at, lang, schedule.time_zone) ?? `— ${say('zoneUnknown')}`}</span> },
        { id: 'in', header: say('inHow'), cell: ({ at }) => relativeTime(new Date(at), lang), end: true },
      ]} />
  );
};

const Buttons = ({ schedule, onEdit, onVerb }: { schedule: Schedule; onEdit: () => void; onVerb: (verb: Verb) => void }) => {
  const say = useScheduleWords();
  const toast = useToast();
  const client = useQueryClient();
  const reread = () => client.invalidateQueries({ queryKey: ['schedules'] });
  const path = { id: schedule.id };
  const trigger = useMutation({ mutationFn: (key: string) => api.POST('/v1/schedules/{id}/trigger', { params: { path, header: { 'Idempotency-Key': key } } }), onSuccess: () => toast({ tone: 'ok', title: say('triggered') }), onSettled: reread });
  const resume = useMutation({ mutationFn: (key: string) => api.POST('/v1/schedules/{id}/resume', { params: { path, header: { 'Idempotency-Key': key } } }), onSuccess: () => toast({ tone: 'ok', title: say('resumed') }), onSettled: reread });
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <Button size="sm" look="primary" busy={trigger.isPending} onClick={() => trigger.mutate(newKey())}>{say('trigger')}</Button>
        {schedule.paused === null ? <Button size="sm" onClick={() => onVerb('pause')}>{say('pause')}</Button> : <Button size="sm" busy={resume.isPending} onClick={() => resume.mutate(newKey())}>{say('resume')}</Button>}
        <Button size="sm" onClick={() => onVerb('backfill')}>{say('backfill')}</Button><Button size="sm" onClick={onEdit}>{say('edit')}</Button><Button size="sm" look="danger" onClick={() => onVerb('remove')}>{say('remove')}</Button>
        <CopyRequest method="POST" path={`/v1/schedules/${schedule.id}/trigger`} cli={`soma schedule trigger ${schedule.id}`} />
      </div>
      <FailureLine cause={trigger.error ?? resume.error} />
    </div>
  );
};

/** One schedule: when it comes next on both clocks, what it runs as whom, what became of its times. */
export const ScheduleDetail = ({ id, may, onClose, onEdit }: { id: string; may: boolean; onClose: () => void; onEdit: () => void }) => {
  const say = useScheduleWords();
  const common = useCommon();
  const view = useQuery(scheduleQuery(id));
  const [verb, setVerb] = useState<Verb | null>(null);
  const schedule = view.data;
  return (
    <Drawer open onOpenChange={(open) => open || onClose()} title={schedule?.name ?? say('schedules')} hint={schedule ? targetOf(schedule.target, say) : id} className="max-w-3xl">
      {view.error && !schedule ? <Failure cause={view.error} onRetry={() => void view.refetch()} /> : !schedule ? <p role="status" className="text-muted">{common('loading')}</p> : (
        <div className="flex flex-col gap-5">
          {schedule.paused === null ? null : <Banner tone="warn" title={say('pausedWhy', { why: schedule.paused })} />}
          {may ? <Buttons schedule={schedule} onEdit={onEdit} onVerb={setVerb} /> : <p className="text-sm text-muted">{say('mayNot')} <code className="font-mono">schedule:manage</code></p>}
          <section><h3 className="mb-1.5 text-base font-semibold">{say('nextFive')}</h3><Times schedule={schedule} /></section>
          <Facts facts={[
            [say('cron'), <code className="font-mono">{schedule.cron}</code>], [say('zone'), schedule.time_zone], schedule.target.capsule ? [say('version'), schedule.target.version ?? say('newest')] : null, [say('owner'), schedule.starter],
            [say('catchUp'), say(`catch_${schedule.catch_up as 'skip'}`)], [say('overlap'), say(`overlap_${schedule.overlap as 'skip'}`)], [say('missed'), schedule.missed],
          ]} />
          {schedule.target.inputs === null ? null : <section><h3 className="mb-1.5 text-base font-semibold">{say('inputs')}</h3><JsonView value={schedule.target.inputs} label={say('inputs')} className="max-h-48" /></section>}
          <section><h3 className="mb-1.5 text-base font-semibold">{say('fires')}</h3><Fires id={id} /></section>
        </div>
      )}
      {verb && schedule ? <SteerDialog verb={verb} schedule={schedule} onClose={() => setVerb(null)} onRemoved={onClose} /> : null}
    </Drawer>
  );
};
