import { createRootRoute } from '@tanstack/react-router';
import { Gate } from './Gate.tsx';
import { Shell } from './Shell.tsx';

export const root = createRootRoute({
  component: () => (
    <Gate>
      <Shell />
    </Gate>
  ),
});
