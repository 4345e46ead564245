import { queryOptions } from '@tanstack/react-query';
import { api, bodyOf, type Schemas } from '~/api/client.ts';
import { readMetrics } from '~/api/metrics.ts';

export type Telemetry = Schemas['ModelTelemetryItem'];
export type ListedModel = Schemas['ListedModel'];
export type Price = Schemas['PriceView'];
export type Profile = Schemas['ModelProfileView'];

const liveMs = 10_000;
const pageSize = 200;

export const modelsQuery = queryOptions({ queryKey: ['models', 'list'], queryFn: () => bodyOf(api.GET('/v1/models')), refetchInterval: 6 * liveMs });
export const telemetryQuery = (window: string) => queryOptions({ queryKey: ['models', 'telemetry', window], queryFn: () => bodyOf(api.GET('/v1/models/telemetry', { params: { query: { window } } })), refetchInterval: liveMs });
export const circuitsQuery = queryOptions({ queryKey: ['metrics', 'circuits'], queryFn: async () => (await readMetrics()).filter((one) => one.name === 'somastack_model_circuits_opened_total'), refetchInterval: liveMs, retry: false });
export const profilesQuery = (tenant: string) => queryOptions({ queryKey: ['models', 'profiles', tenant], queryFn: () => bodyOf(api.GET('/v1/tenants/{id}/model-profiles', { params: { path: { id: tenant } } })) });

/** The whole price book: it is small, and only as a whole it shows what came after what. */
export const pricesQuery = queryOptions({
  queryKey: ['models', 'prices'],
  queryFn: async () => {
    const rows: Price[] = [];
    let cursor: string | undefined;
    do {
      const page = await bodyOf(api.GET('/v1/billing/prices', { params: { query: { limit: pageSize, cursor } } }));
      rows.push(...page.data);
      cursor = page.next_cursor ?? undefined;
    } while (cursor);
    return rows;
  },
  staleTime: 60_000,
});

export type Tried = { text: string; latencyMs: number; overheadMs: number | null; cost: string | null; answeredBy: string | null; callId: string | null; input: number | null; output: number | null; at: Date };

const numberOr = (text: string | null) => (text === null || text === '' || Number.isNaN(Number(text)) ? null : Number(text));

/** One governed call; time is what this browser saw, the rest is what the answer's headers say. */
export const tryModel = async (model: string, prompt: string): Promise<Tried> => {
  const from = performance.now();
  const { data, response } = await api.POST('/v1/chat/completions', { body: { model, messages: [{ role: 'user', content: prompt }], max_tokens: 256 } as Schemas['ChatCompletionRequest'] });
  const latencyMs = performance.now() - from;
  const answer = data as unknown as { choices: { message: { content: string | null } }[]; usage: { prompt_tokens: number | null; completion_tokens: number | null } | null };
  const cost = response.headers.get('x-somastack-cost');
  return {
    text: answer.choices[0]?.message.content ?? '', latencyMs, overheadMs: numberOr(response.headers.get('x-somastack-overhead-ms')), cost: cost === 'unknown' ? null : cost, answeredBy: response.headers.get('x-somastack-model'), callId: response.headers.get('x-somastack-call-id'),
    input: answer.usage?.prompt_tokens ?? null, output: answer.usage?.completion_tokens ?? null, at: new Date(),
  };
};
