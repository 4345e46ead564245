import { after, describe } from 'node:test';
import { voice } from '/work/wt/voice/console/browser/voice.mjs';
import { endWorld } from '/work/wt/voice/console/browser/shared.mjs';
describe('a voice', voice);
after(endWorld);
