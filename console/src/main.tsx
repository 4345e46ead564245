import '@fontsource-variable/inter/index.css';
import '@fontsource-variable/jetbrains-mono/index.css';
import './app.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Providers } from './app/Providers.tsx';
import { startLook } from './app/look.ts';
import { queryClient } from './app/queries.ts';
import { router } from './app/router.tsx';
import './app/styleNonce.ts';
import { callbackPath } from './auth/oidc.ts';
import { start } from './auth/session.ts';

startLook();
// Where a sign-in ended is no place to stay; the code in its address is spent.
void start().then((path) => {
  if (path) router.history.replace(path);
  else if (location.pathname === callbackPath) router.history.replace('/');
});

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <Providers>
        <RouterProvider router={router} />
      </Providers>
    </QueryClientProvider>
  </StrictMode>,
);
