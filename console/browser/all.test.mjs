// One process, one server, one browser: the order is that of a person's first day.
import { after, describe } from 'node:test';
import { journey } from './journey.mjs';
import { screens } from './screens.mjs';
import { served } from './served.mjs';
import { endWorld } from './shared.mjs';

describe('how it is served', served);
describe('a first day', journey);
describe('every screen', screens);
after(endWorld);
