import * as audit from './audit/screen.ts';
import * as benchmarks from './benchmarks/screen.ts';
import * as chat from './chat/screen.ts';
import * as constitution from './constitution/screen.ts';
import * as home from './home/screen.ts';
import * as inbox from './inbox/screen.ts';
import * as keys from './keys/screen.ts';
import * as memory from './memory/screen.ts';
import * as mode from './mode/screen.ts';
import * as models from './models/screen.ts';
import * as notifications from './notifications/screen.ts';
import * as people from './people/screen.ts';
import * as policies from './policies/screen.ts';
import * as schedules from './schedules/screen.ts';
import * as settings from './settings/screen.ts';
import * as setup from './setup/screen.ts';
import * as sight from './sight/screen.ts';
import * as stop from './stop/screen.ts';
import * as tenants from './tenants/screen.ts';
import * as tools from './tools/screen.ts';
import * as training from './training/screen.ts';
import * as usage from './usage/screen.ts';
import * as workflows from './workflows/screen.ts';
import type { NavItem } from '~/app/nav.ts';

/** Every screen, in the order of the rail. A new one is a folder and two lines here. */
export const routes = [
  home.route, chat.route, inbox.route, notifications.route, workflows.route, schedules.route, tools.route, memory.route, sight.route, benchmarks.route, usage.route, constitution.route, policies.route, audit.route, stop.route,
  people.route, keys.route, tenants.route, models.route, mode.route, training.route, settings.route, setup.route,
] as const;

export const screens: readonly { nav?: readonly NavItem[] }[] = [
  home, chat, inbox, notifications, workflows, schedules, tools, memory, sight, benchmarks, usage, constitution, policies, audit, stop, people, keys, tenants, models, mode, training, settings, setup,
];
