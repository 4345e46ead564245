import { createRouter } from '@tanstack/react-router';
import { routes } from '~/screens/index.ts';
import { Failure, NotFound } from './Failure.tsx';
import { root } from './root.tsx';

export const router = createRouter({
  routeTree: root.addChildren(routes),
  defaultPreload: 'intent',
  scrollRestoration: false,
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: ({ error, reset }) => <Failure cause={error} onRetry={reset} />,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
  interface StaticDataRouteOption {
    /** What the screen cannot do without. */
    capability?: string;
    /** Fills the window instead of scrolling as a page. */
    wide?: boolean;
  }
}
