import { AsOf, Badge, Button, Card, EmptyState, Interval, Select, Unknown, useToast } from '@somastack/uix';
import { useInfiniteQuery, useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { TrendingUp } from 'lucide-react';
import { api, bodyOf, newKey } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { meQuery } from '~/app/queries.ts';
import { relativeTime } from '~/app/time.ts';
import { useStepUp } from '~/auth/StepUp.tsx';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { suggestionsQuery, type Suggestion } from './queries.ts';
import { route, suggestionStates } from './screen.ts';
import { useBenchmarkWords } from './words.ts';

const capability = 'tenant:admin';

const Line = ({ name, model, score, interval }: { name: string; model: string | null; score: number | null; interval: { low: number; high: number } | null }) => {
  const say = useBenchmarkWords();
  const number = useNumbers();
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-1"><span className="w-24 text-sm text-muted">{name}</span>{model === null ? <Unknown reason={say('noCandidate')} /> : <span className="w-56 truncate font-mono text-sm">{model}</span>}{score !== null && interval ? <Interval value={score} low={interval.low} high={interval.high} label={say('value', { value: number.fixed(score), low: number.fixed(interval.low), high: number.fixed(interval.high) })} /> : null}</div>
  );
};

const One = ({ suggestion, may }: { suggestion: Suggestion; may: boolean }) => {
  const say = useBenchmarkWords();
  const lang = useLanguage();
  const number = useNumbers();
  const toast = useToast();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const { id, role, status } = suggestion;
  const decide = useMutation({
    mutationFn: (accept: boolean) => stepUp(() => bodyOf(api.POST(accept ? '/v1/promotions/{id}/accept' : '/v1/promotions/{id}/reject', { params: { path: { id }, header: { 'Idempotency-Key': newKey() } } }))),
    onSuccess: (after, accept) => toast({ tone: 'ok', title: accept ? say('acceptedToast', { model: after.candidate ?? '—', role }) : say('rejectedToast') }),
    onSettled: () => client.invalidateQueries({ queryKey: ['benchmarks'] }),
  });
  const isOpen = !suggestion.decided_at;
  const word = suggestionStates.find((one) => one === status);
  return (
    <Card title={suggestion.kind.includes('roll') ? say('rollback', { role }) : say('promote', { role })} hint={`${suggestion.task} · ${say('onQuestions', { n: number.whole(suggestion.items) })} · ${relativeTime(new Date(suggestion.created_at), lang)}`} actions={<Badge tone={isOpen ? 'warn' : status === 'accepted' ? 'ok' : 'neutral'}>{word ? say(word) : status}</Badge>}>
      <div className="flex flex-col gap-2 p-4">
        <Line name={say('present')} model={suggestion.primary} score={suggestion.primary_score} interval={suggestion.primary_interval} />
        <Line name={say('candidate')} model={suggestion.candidate} score={suggestion.candidate_score} interval={suggestion.candidate_interval} />
        <p className="mt-1 text-sm text-muted">{suggestion.reason}{suggestion.decided_by && suggestion.decided_at ? ` · ${say('decidedBy', { who: suggestion.decided_by, when: relativeTime(new Date(suggestion.decided_at), lang) })}` : null}</p>
        <FailureLine cause={decide.error} />
        {isOpen ? (may ? <div className="flex gap-2 pt-1"><Button look="primary" size="sm" disabled={suggestion.candidate === null} busy={decide.isPending && decide.variables} onClick={() => decide.mutate(true)}>{say('accept')}</Button><Button size="sm" busy={decide.isPending && !decide.variables} onClick={() => decide.mutate(false)}>{say('reject')}</Button></div> : <p className="text-sm text-muted">{say('mayNotDecide')} <code className="font-mono">{capability}</code></p>) : null}
      </div>
    </Card>
  );
};

/** Changes of primary models that the measurements speak for. A person decides. */
export const Suggestions = () => {
  const say = useBenchmarkWords();
  const common = useCommon();
  const lang = useLanguage();
  const go = route.useNavigate();
  const may = useSuspenseQuery(meQuery).data.capabilities.includes(capability);
  const { status } = route.useSearch();
  const list = useInfiniteQuery(suggestionsQuery(status));
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const set = (to: string | undefined) => void go({ to: '/benchmarks', search: (old) => ({ ...old, status: to }), replace: true });
  return (
    <div className="flex flex-col gap-4 p-5">
      <div className="flex flex-wrap items-center gap-2">
        <Select aria-label={say('state')} value={status ?? ''} onChange={(event) => set(event.target.value || undefined)} className="h-8 w-auto border-line text-sm"><option value="">{say('anyState')}</option>{suggestionStates.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>
        <span className="ms-auto flex items-center gap-1"><AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} /><CopyRequest method="GET" path={`/v1/promotions${status ? `?status=${status}` : ''}`} /></span>
      </div>
      {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="text-muted">{common('loading')}</p> : rows.length > 0 ? rows.map((one) => <One key={one.id} suggestion={one} may={may} />) : status ? <EmptyState icon={<TrendingUp />} title={say('noneIn')} action={<Button size="sm" onClick={() => set(undefined)}>{common('clear')}</Button>} /> : <EmptyState icon={<TrendingUp />} title={say('noSuggestions')}>{say('noSuggestionsText')}</EmptyState>}
      {list.hasNextPage ? <Button size="sm" className="self-start" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{say('readMore')}</Button> : null}
    </div>
  );
};
