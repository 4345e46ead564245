import * as audit from './audit/screen.ts';
import * as benchmarks from './benchmarks/screen.ts';
import * as chat from './chat/screen.ts';
import * as home from './home/screen.ts';
import * as inbox from './inbox/screen.ts';
import * as memory from './memory/screen.ts';
import * as models from './models/screen.ts';
import * as notifications from './notifications/screen.ts';
import * as setup from './setup/screen.ts';
import * as sight from './sight/screen.ts';
import * as stop from './stop/screen.ts';
import * as usage from './usage/screen.ts';
import type { NavItem } from '~/app/nav.ts';

/** Every screen, in the order of the rail. A new one is a folder and two lines here. */
export const routes = [home.route, chat.route, inbox.route, notifications.route, memory.route, sight.route, benchmarks.route, usage.route, audit.route, stop.route, models.route, setup.route] as const;

export const screens: readonly { nav?: readonly NavItem[] }[] = [home, chat, inbox, notifications, memory, sight, benchmarks, usage, audit, stop, models, setup];
