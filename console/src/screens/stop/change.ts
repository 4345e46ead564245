import { api, newKey, type Schemas } from '~/api/client.ts';

export type Scope = Schemas['KillScope'] & string;
export type Change = { engaged: boolean; scope: Scope; target: string | null; reason: string; approval?: string };

/** Stops or releases. A release that a second person has not agreed to yet answers with the approval that it waits for. */
export const changeSwitch = async ({ approval, ...body }: Change): Promise<string | null> => {
  const { data } = await api.POST('/v1/killswitch', { body, params: { header: { 'Idempotency-Key': newKey() } }, headers: approval ? { 'Soma-Approval': approval } : {} });
  return data && 'approval' in data ? data.approval.id : null;
};
