import '@fontsource-variable/inter/index.css';
import '@fontsource-variable/jetbrains-mono/index.css';
import '../src/app.css';
import { ToastProvider } from '@somastack/uix';
import type { Preview } from '@storybook/react-vite';
import { useEffect } from 'react';

const preview: Preview = {
  globalTypes: { theme: { defaultValue: 'light', toolbar: { title: 'Theme', items: ['light', 'dark', 'high contrast'] } } },
  parameters: { a11y: { test: 'error' }, layout: 'fullscreen' },
  decorators: [
    (Story, { globals }) => {
      const theme = String(globals.theme);
      const root = document.documentElement;
      root.dataset.theme = theme === 'dark' ? 'dark' : 'light';
      useEffect(() => {
        if (theme === 'high contrast') root.dataset.contrast = 'high';
        else delete root.dataset.contrast;
      }, [root, theme]);
      return <ToastProvider><main className="min-h-dvh bg-bg p-6"><h1 className="sr-only">Story</h1><h2 className="sr-only">Component</h2><Story /></main></ToastProvider>;
    },
  ],
};

export default preview;
