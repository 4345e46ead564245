// One process, one server, one browser: the order is that of a person's first day.
import { after } from 'node:test';
import { endWorld } from './shared.mjs';
import './served.mjs';
import './journey.mjs';
import './screens.mjs';

after(endWorld);
