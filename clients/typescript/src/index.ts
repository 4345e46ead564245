export { ConstitutionClient, SomaClient, type SomaClientOptions } from "./client.js";
export { SomaConnectionError, SomaError, SomaStreamError, SomaTimeoutError, type FieldError, type Reason } from "./errors.js";
export { MemoryClient } from "./memory.js";
export { OutboxClient } from "./outbox.js";
export { SessionsClient } from "./sessions.js";
export type { CallOptions, WriteOptions } from "./transport.js";
export type * from "./types.js";
export { WorkingMemoryClient } from "./working.js";
