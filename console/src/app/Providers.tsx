import { ToastProvider, UixTextProvider } from '@somastack/uix';
import { Direction } from 'radix-ui';
import type { ReactNode } from 'react';
import { StepUpProvider } from '~/auth/StepUp.tsx';
import { spanishUix } from '~/i18n/uixText.ts';
import { useLook } from './look.ts';

export const Providers = ({ children }: { children: ReactNode }) => {
  const { lang } = useLook();
  return (
    <Direction.Provider dir={document.documentElement.dir === 'rtl' ? 'rtl' : 'ltr'}>
      <UixTextProvider text={lang === 'es' ? spanishUix : {}}>
        <ToastProvider>
          <StepUpProvider>{children}</StepUpProvider>
        </ToastProvider>
      </UixTextProvider>
    </Direction.Provider>
  );
};
