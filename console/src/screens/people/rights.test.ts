import { expect, it } from 'vitest';
import { beyond, effective, knownCapabilities } from './rights.ts';

const roles = [{ name: 'viewer', capabilities: ['memory:read', 'session:read'] }, { name: 'auditor', capabilities: ['audit:read', 'session:read'] }];

it('adds up roles and extras, each right once', () => expect(effective(roles, ['viewer', 'auditor'], ['memory:read', 'token:issue'])).toEqual(['audit:read', 'memory:read', 'session:read', 'token:issue']));
it('gives nothing for a role that is not there', () => expect(effective(roles, ['owner'], [])).toEqual([]));
it('knows what roles and the asking person hold', () => expect(knownCapabilities(roles, ['platform:admin'])).toEqual(['audit:read', 'memory:read', 'platform:admin', 'session:read']));
it('tells what cannot be handed on', () => expect(beyond(['audit:read', 'memory:read'], ['memory:read'])).toEqual(['audit:read']));
