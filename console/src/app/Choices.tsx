import { CheckBox } from '@somastack/uix';

/** Several of a set of names, as boxes to tick. */
export const Choices = ({ label, hint, all, chosen, onChange, disabled = [] }: { label: string; hint?: string; all: readonly string[]; chosen: readonly string[]; onChange?: (chosen: string[]) => void; disabled?: readonly string[] }) => (
  <fieldset className="min-w-0">
    <legend className="text-sm font-medium">{label}</legend>
    {hint ? <p className="text-sm text-muted">{hint}</p> : null}
    <div className="mt-1.5 grid gap-1 sm:grid-cols-2">
      {all.map((one) => <CheckBox key={one} className="min-w-0" label={<code className="min-w-0 font-mono text-sm break-all">{one}</code>} checked={chosen.includes(one)} disabled={!onChange || disabled.includes(one)} onChange={(event) => onChange?.(event.target.checked ? [...chosen, one] : chosen.filter((other) => other !== one))} />)}
    </div>
  </fieldset>
);
