import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button, type ButtonProps } from './Button.tsx';
import { useText } from './text.tsx';

const shownMs = 1600;

/** Copies a text and says that it did. */
export const CopyButton = ({ value, label, look = 'quiet', size = 'sm', ...rest }: Omit<ButtonProps, 'value' | 'onClick'> & { value: string | (() => string); label: string }) => {
  const text = useText();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), shownMs);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    await navigator.clipboard.writeText(typeof value === 'string' ? value : value());
    setCopied(true);
  };
  return (
    <Button look={look} size={size} onClick={() => void copy()} {...rest}>
      {copied ? <Check aria-hidden className="size-3.5" /> : <Copy aria-hidden className="size-3.5" />}
      <span aria-live="polite">{copied ? text.copied : label}</span>
    </Button>
  );
};
