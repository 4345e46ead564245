import { World } from './world.mjs';

let started;

/** The world of this run, made when the first test wants it. */
export const sharedWorld = () => (started ??= World.start());

export const endWorld = async () => (await started)?.stop();
