import type { Schemas } from '~/api/client.ts';
import { tagsOf } from './queries.ts';

export type ForgetForm = { namespace?: string; kind?: string; source?: string; tags?: string; before?: string; after?: string };

const given = (text: string | undefined) => text?.trim() || null;
const instantOf = (text: string | undefined) => (text ? new Date(text).toISOString() : null);

/** What the server is asked to forget; an empty field is no filter. */
export const filterOf = (form: ForgetForm): Schemas['ForgetFilter'] => ({ namespace: given(form.namespace), kind: given(form.kind), source: given(form.source), tags: tagsOf(form.tags), before: instantOf(form.before), after: instantOf(form.after), ids: null, conversation: null });

export const hasFilter = (form: ForgetForm) => Object.values(filterOf(form)).some((value) => value !== null);
