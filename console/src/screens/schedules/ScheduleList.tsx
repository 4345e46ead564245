import { Badge, Button, EmptyState, Input, Select, VirtualList } from '@somastack/uix';
import type { UseInfiniteQueryResult, InfiniteData } from '@tanstack/react-query';
import { CalendarClock, Plus } from 'lucide-react';
import type { Schemas } from '~/api/client.ts';
import { Failure } from '~/app/Failure.tsx';
import { relativeTime } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { FireState } from './Fires.tsx';
import type { Schedule } from './queries.ts';
import { ScheduleDetail } from './ScheduleDetail.tsx';
import { ScheduleEditor } from './ScheduleEditor.tsx';
import { route, scheduleStates } from './screen.ts';
import { onClock } from './zones.ts';
import { useScheduleWords } from './words.ts';

/** `?edit=` of one that is not there yet. */
export const fresh = '+';

export const targetOf = (target: Schedule['target'], say: ReturnType<typeof useScheduleWords>) => (target.template ? say('runsTemplate', { name: target.template }) : say('runsCapsule', { name: target.capsule ?? '' }));

const One = ({ schedule, onOpen }: { schedule: Schedule; onOpen: () => void }) => {
  const say = useScheduleWords();
  const lang = useLanguage();
  const next = schedule.next[0];
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <button type="button" onClick={onOpen} className="font-medium break-words after:absolute after:inset-0">{schedule.name}</button>
        <Badge tone={schedule.paused === null ? 'ok' : 'warn'} title={schedule.paused ?? undefined}>{schedule.paused === null ? say('active') : say('paused')}</Badge>
        <code className="font-mono text-sm">{schedule.cron}</code><span className="text-sm text-muted">{schedule.time_zone}</span>
        <span className="text-sm text-muted sm:ms-auto">{targetOf(schedule.target, say)}</span>
      </div>
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-muted">
        <span>{say('next')}: {next ? <><time dateTime={next} className="tabular-nums">{onClock(next, lang)}</time> · {relativeTime(new Date(next), lang)}</> : schedule.paused === null ? say('noNextEver') : say('noNext')}</span>
        <span className="flex items-center gap-1.5">{say('last')}: {schedule.last ? <>{relativeTime(new Date(schedule.last.due_at), lang)} <FireState state={schedule.last.state} /></> : say('never')}</span>
      </p>
    </>
  );
};

const matches = (schedule: Schedule, words: string, state: string | undefined) => (!state || (schedule.paused === null) === (state === 'active')) && (!words || `${schedule.name} ${schedule.target.capsule ?? ''} ${schedule.target.template ?? ''} ${schedule.time_zone}`.toLowerCase().includes(words));

type List = UseInfiniteQueryResult<InfiniteData<Schemas['PageOfScheduleView']>>;

/** Every schedule with its next time on the reader's clock; each opens with its five next and what became of the last ones. */
export const ScheduleList = ({ me, list }: { me: Schemas['MeView']; list: List }) => {
  const say = useScheduleWords();
  const common = useCommon();
  const go = route.useNavigate();
  const { q = '', state, id, edit } = route.useSearch();
  const may = me.capabilities.includes('schedule:manage');
  const all = list.data?.pages.flatMap((page) => page.data) ?? [];
  const rows = all.filter((one) => matches(one, q.trim().toLowerCase(), state));
  const set = (change: { q?: string; state?: (typeof scheduleStates)[number]; id?: string; edit?: string }) => void go({ search: (old) => ({ ...old, ...change }), replace: true });
  const create = may ? <Button size="sm" look="primary" onClick={() => set({ edit: fresh })}><Plus aria-hidden className="size-3.5" />{say('create')}</Button> : <span className="text-sm text-muted">{say('mayNot')} <code className="font-mono">schedule:manage</code></span>;
  return (
    <div className="flex flex-col gap-3 p-5 max-sm:p-3">
      <div className="flex flex-wrap items-center gap-2">
        <Input type="search" aria-label={say('search')} placeholder={say('search')} value={q} onChange={(event) => set({ q: event.target.value || undefined })} className="h-8 w-64 border-line text-sm" />
        <Select aria-label={say('state')} value={state ?? ''} onChange={(event) => set({ state: scheduleStates.find((one) => one === event.target.value) })} className="h-8 w-auto border-line text-sm"><option value="">{say('any')}</option>{scheduleStates.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>
        <span className="ms-auto">{create}</span>
      </div>
      {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-4 text-muted">{common('loading')}</p> : rows.length === 0 ? (
        all.length === 0 ? <EmptyState icon={<CalendarClock />} title={say('none')} action={may ? create : null}>{say('noneText')}</EmptyState> : <EmptyState icon={<CalendarClock />} title={say('noMatch')} action={<Button size="sm" onClick={() => set({ q: undefined, state: undefined })}>{common('clear')}</Button>} />
      ) : (
        <VirtualList label={say('schedules')} rows={rows} rowId={(one) => one.id} rowHeight={72} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="rounded-lg border border-line bg-surface shadow-card" rowClassName="flex flex-col gap-1.5 border-b border-line px-4 py-3 hover:bg-hover">
          {(one) => <One schedule={one} onOpen={() => set({ id: one.id })} />}
        </VirtualList>
      )}
      {id ? <ScheduleDetail key={id} id={id} may={may} onClose={() => set({ id: undefined })} onEdit={() => set({ edit: id, id: undefined })} /> : null}
      {edit && may ? <ScheduleEditor key={edit} id={edit === fresh ? null : edit} onClose={() => set({ edit: undefined })} onSaved={(saved) => set({ edit: undefined, id: saved })} /> : null}
    </div>
  );
};
