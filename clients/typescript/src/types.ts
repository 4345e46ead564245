// The shapes of the HTTP contract as they are sent: names in snake_case, instants as ISO 8601 texts, ids as texts. Fields that a server does
// not know are absent; fields that these types do not know stay in the answer.

export type Kind = "episode" | "fact" | "document" | "summary" | "procedure";
export type Json = Record<string, unknown>;

export interface RememberRequest {
  /** 1 to 32 000 characters. */
  text: string;
  kind?: Kind;
  /** A later text under the same key supersedes this one. */
  key?: string;
  namespace?: string;
  /** `real` unless it is a supposition. */
  universe?: string;
  tags?: string[];
  metadata?: Json;
  source?: string;
  /** First line in the source, from 1. */
  line?: number;
  conversation?: string;
  /** 0 to 1. */
  importance?: number;
  /** When it happened; now when it is not given. */
  event_time?: string;
  valid_from?: string;
  /** Exclusive. */
  valid_to?: string;
  ttl_seconds?: number;
  links?: { type: string; target: string; weight?: number }[];
}

export interface Remembered {
  id: string;
  namespace: string;
  universe?: string;
  /** False when a repeated request, or the same text, met what was there. */
  created: boolean;
  /** True when the brain was out of reach and the write waits in its buffer under this id. */
  queued?: boolean;
  deduplicated?: boolean;
  duplicate_of?: string | null;
  superseded?: string[];
  extraction_status?: string | null;
  degraded_reasons?: string[];
}

export interface RememberedBatch {
  results: Remembered[];
  queued: boolean;
  degraded_reasons: string[];
}

export interface RecallRequest {
  query: string;
  /** 1 to 100; 10 when it is not given. */
  limit?: number;
  namespace?: string;
  universe?: string;
  conversation?: string;
  session_id?: string;
  tags?: string[];
  kind?: Kind;
  min_score?: number;
  from?: string;
  to?: string;
  /** What was true then. */
  as_of?: string;
  /** What was recorded by then. */
  known_at?: string;
  include_superseded?: boolean;
  explain?: boolean;
}

export interface Hit {
  id: string;
  text: string;
  /** 0 to 1, comparable within one answer. */
  score: number;
  kind: string;
  key?: string | null;
  source?: string | null;
  line?: number | null;
  /** 0 to 1. What comes from memory is data to quote, never an instruction. */
  trust: number;
  event_time: string;
  valid_from?: string | null;
  valid_to?: string | null;
  superseded_by?: string | null;
  tags?: string[];
  signals?: Record<string, number> | null;
}

export interface Recollection {
  query: string;
  namespace: string;
  universe?: string;
  results: Hit[];
  /** Hits in the working memory of the session, if one was named. */
  wm: Hit[];
  confidence?: number | null;
  /** True when nothing relevant is known. */
  abstained?: boolean;
  degraded_reasons: string[];
  /** Null when only words were compared. */
  embedder: string | null;
}

export interface RagRequest {
  query: string;
  limit?: number;
  namespace?: string;
  universe?: string;
  session_id?: string;
  /** The packed context never has more tokens. */
  token_budget?: number;
  /** Remembers that this was asked, with the ids that were found. */
  persist?: boolean;
  /** Only what one of these found; all when not given. */
  retrievers?: string[];
  rerank?: string;
  conversation?: string;
  tags?: string[];
  kind?: Kind;
  min_score?: number;
}

export interface RagCandidate {
  id: string;
  key?: string | null;
  score: number;
  retriever: string;
  text: string;
  source?: string | null;
  line?: number | null;
  event_time: string;
  trust: number;
}

export interface Retrieval {
  query: string;
  candidates: RagCandidate[];
  context: { text: string; tokens: number; citations: { n: number; id: string; source?: string | null; line?: number | null; event_time: string; trust: number }[] };
  confidence?: number | null;
  abstained: boolean;
  /** Why the context is empty, e.g. `nothing_relevant`; else null. */
  reason?: string | null;
  degraded_reasons: string[];
  session_memory_id?: string | null;
}

/** Each end by id, key or the coordinate of an older client. */
export interface LinkRequest {
  from?: string;
  from_key?: string;
  from_coord?: string;
  to?: string;
  to_key?: string;
  to_coord?: string;
  type?: string;
  /** Above 0, at most 1. */
  weight?: number;
  universe?: string;
  namespace?: string;
  valid_from?: string;
  valid_to?: string;
}

export interface Linked {
  id: string;
  created: boolean;
}

export interface NeighborsQuery {
  id: string;
  type?: string;
  direction?: "out" | "in" | "both";
  /** 1 to 3. */
  k_hop?: number;
  limit?: number;
  as_of?: string;
}

export interface LinkView {
  id: string;
  type: string;
  from: string;
  to: string;
  weight: number;
}

export interface Neighbors {
  data: { id: string; kind: string; text?: string | null; hops: number; weight: number; via: LinkView[] }[];
  truncated: boolean;
}

export interface GraphPath {
  found: boolean;
  path: string[];
  links: LinkView[];
  /** True when the search ended at its bound. */
  truncated: boolean;
}

export interface Memory {
  id: string;
  namespace: string;
  universe?: string;
  key?: string | null;
  kind: string;
  text: string;
  source?: string | null;
  line?: number | null;
  conversation?: string | null;
  tags: string[];
  metadata?: Json | null;
  author: string;
  event_time: string;
  recorded_at: string;
  valid_from?: string | null;
  valid_to?: string | null;
  superseded_by?: string | null;
  importance: number;
  trust: number;
  content_hash: string;
  embedding_model?: string | null;
  extraction_status?: string | null;
  /** From when on the memory named by `superseded_by` holds in its place. */
  superseded_from?: string | null;
  expires_at?: string | null;
  /** The first memory that says the same or nearly so. */
  duplicate_of?: string | null;
  /** Under legal hold: it cannot be erased. */
  held?: boolean;
  /** Counts the changes, from 1. */
  version: number;
  /** For `ifMatch` when this memory is changed; only on one that was read alone. */
  etag?: string;
}

/** What is absent stays as it is. */
export interface MemoryPatch {
  text?: string;
  tags?: string[];
  importance?: number;
  metadata?: Json;
  valid_to?: string;
  ttl_seconds?: number;
}

export interface MemoryVersion {
  version: number;
  change: string;
  recorded_at: string;
  author: string;
  text: string;
  tags: string[];
  importance: number;
  valid_from?: string | null;
  valid_to?: string | null;
  superseded_by?: string | null;
}

export interface Erasure {
  id: string;
  erased_at: string;
  /** True only when nothing of it is left in any part. */
  clear: boolean;
  checks: Record<string, unknown>;
}

export interface ForgetRequest {
  filter: { namespace?: string; ids?: string[]; tags?: string[]; kind?: Kind; source?: string; conversation?: string; before?: string; after?: string };
  /** Stays in the journal. */
  reason: string;
  /** True when it is not given: counts only. */
  dry_run?: boolean;
}

export interface ForgetReport {
  dry_run: boolean;
  matched: number;
  forgotten: number;
  /** Under a legal hold; they stay. */
  held: number;
  /** The first hundred. */
  ids: string[];
}

export interface ImportReport {
  imported: number;
  /** Lines that were there already, or whose time is over. */
  skipped: number;
  failed_total?: number;
  /** The first thousand. */
  failed: { line: number; code: string; detail?: string }[];
}

export interface Fact {
  id: string;
  subject: string;
  predicate: string;
  object: string;
  valid_from?: string | null;
  valid_to?: string | null;
  recorded_at: string;
  superseded_by?: string | null;
  memory_id: string;
  confidence: number;
  extractor: string;
}

export interface MemoryFacts {
  data: Fact[];
  extraction_status: string;
  /** Why the model's part failed; else null. */
  extraction_error?: string | null;
}

export interface FactsQuery {
  /** As it was said, e.g. a name. */
  subject?: string;
  predicate?: string;
  /** What held then; all times when it is not given. */
  as_of?: string;
  /** What was recorded by then. */
  known_at?: string;
  namespace?: string;
  universe?: string;
}

export interface HoldState {
  id: string;
  held: boolean;
  /** Of the memory. */
  version: number;
}

export interface AdmitRequest {
  session_id: string;
  text: string;
  pinned?: boolean;
  /** The long-term memory that says the same. */
  memory_id?: string;
  /** As your tokenizer counts; estimated when absent. */
  tokens?: number;
  capacity_tokens?: number;
}

export interface Admitted {
  id: string;
  /** False when it was merged into an item that says the same; `id` is that item's. */
  created: boolean;
  merged: boolean;
  tokens: number;
  novelty: number;
  salience: number;
  pinned: boolean;
  /** Ids of what had to leave. */
  evicted: string[];
  session_tokens: number;
  capacity_tokens: number;
  degraded_reasons: string[];
}

export interface WorkingItem {
  id: string;
  text: string;
  tokens: number;
  pinned: boolean;
  novelty: number;
  salience: number;
  uses: number;
  memory_id?: string | null;
  promotion?: string | null;
  admitted_at: string;
  last_used_at: string;
}

export interface WorkingHit {
  id: string;
  text: string;
  score: number;
  kind: string;
  source?: string | null;
  memory_id?: string | null;
  trust: number;
  event_time: string;
  signals?: Record<string, number> | null;
}

export interface WorkingRecollection {
  session_id: string;
  query: string;
  results: WorkingHit[];
  degraded_reasons: string[];
}

export interface WorkingStatus {
  session_id: string;
  items: number;
  tokens: number;
  capacity_tokens: number;
  pinned: number;
  evictions_total: number;
  hits_total: number;
  misses_total: number;
  /** Null while nothing was asked. */
  hit_rate: number | null;
}

export interface Promoted {
  memory_id: string;
  created: boolean;
}

/** What an offline client kept for later. The id makes it happen once, however often it is sent. */
export interface OutboxItem {
  id: string;
  op: "remember" | "link" | "forget";
  /** Items with the same key happen in their order. */
  key?: string;
  /** The request of that operation. */
  body: object;
  created_at?: string;
}

export interface OutboxAccepted {
  accepted: number;
  duplicates: number;
  results: { id: string; state: string; memory_id?: string | null }[];
}

export interface OutboxStatus {
  depth: number;
  bytes: number;
  oldest_age_seconds: number | null;
  replay_rate: number | null;
  dead_letters: number;
  brain: "reachable" | "unreachable" | "in_process";
}

export interface OutboxEntry {
  /** The client's own, or the idempotency key of a request that had to wait. */
  id: string;
  item_id: string;
  op: string;
  key: string;
  state: "queued" | "dead" | "done";
  accepted_at: string;
  created_at?: string | null;
  attempts: number;
  next_attempt_at?: string | null;
  last_error?: string | null;
  bytes: number;
}

export interface DeadLetter {
  id: string;
  /** Names it for a replay. */
  item_id: string;
  op: string;
  key: string;
  principal: string;
  accepted_at: string;
  created_at?: string | null;
  attempts: number;
  reason?: string | null;
  /** What was refused. */
  body: Json;
}

export interface ConstitutionVersion {
  version: number;
  /** SHA-256 of the RFC 8785 form, lower hex. */
  hash: string;
  issued_at: string;
  activated_at: string;
  /** Of the signed document alone; `hash` is another one when the tenant has an overlay. */
  base_hash?: string;
  /** 0 when the tenant adds nothing to it. */
  overlay_version?: number;
}

export interface Constitution extends ConstitutionVersion {
  /** What governs, the tenant's overlay included. */
  document: Json;
  /** True when the tenant has none of its own and the installation's governs it. */
  inherited: boolean;
}

export interface ConstitutionChecksum {
  checksum: string;
  algorithm: string;
  canonical_form: string;
  legacy_checksum?: string;
  version?: number;
}

export interface Citation {
  marker: number;
  source?: string | null;
  line?: number | null;
  quote: string;
  memory_id: string;
}

/** `proof` is what was recorded on the way to the answer. */
export interface Turn {
  session_id: string;
  turn_id: string;
  number: number;
  status: "open" | "completed" | "failed" | "cancelled";
  prompt: string;
  answer: string;
  citations: Citation[];
  proof?: Json | null;
  degraded_reasons: string[];
  failure?: { code: string; detail: string } | null;
  created_at: string;
  ended_at?: string | null;
}

export interface Session {
  id: string;
  persona: string;
  title: string;
  status: string;
  constitution_hash: string;
  constitution_version: number;
  turns: number;
  version: number;
  created_at: string;
  updated_at: string;
}

export interface SessionDetail {
  session: Session;
  turns: Turn[];
}

/** `turn.started`, `text.delta`, then one of `turn.completed`, `turn.failed`, `turn.cancelled`. */
export interface SessionEvent {
  id: number;
  type: string;
  data: any;
}
