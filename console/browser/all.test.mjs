// One process, one server, one browser: the order is that of a person's first day.
import { after, describe } from 'node:test';
import { governing } from './governing.mjs';
import { journey } from './journey.mjs';
import { runs } from './runs.mjs';
import { screens } from './screens.mjs';
import { speed } from './speed.mjs';
import { served } from './served.mjs';
import { endWorld } from './shared.mjs';
import { voice } from './voice.mjs';

describe('how it is served', served);
describe('a first day', journey);
describe('every screen', screens);
describe('what goes on by itself', runs);
describe('a voice', voice);
describe('is fast', speed);
// Last, since it ends in production.
describe('what governs', governing);
after(endWorld);
