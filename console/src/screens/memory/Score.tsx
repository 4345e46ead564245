import type { Hit } from './queries.ts';
import { knownTerms, termsOf } from './terms.ts';
import { useNumbers } from '~/app/numbers.ts';
import { useMemoryWords } from './words.ts';

const shades = ['bg-accent', 'bg-accent/70', 'bg-accent/50', 'bg-accent/30', 'bg-line-strong/60'];
const isKnown = (name: string): name is (typeof knownTerms)[number] => knownTerms.some((one) => one === name);

/** Every addend of one score, as a bar and as numbers. */
export const Score = ({ hit }: { hit: Hit }) => {
  const say = useMemoryWords();
  const number = useNumbers();
  const found = termsOf(hit);
  if (!found) return <p className="text-sm text-muted">{say('noTerms')}</p>;
  const shade = (index: number) => shades[Math.min(index, shades.length - 1)]!;
  const counted = found.terms.filter((term) => term.value !== 0);
  return (
    <div className="flex flex-col gap-2">
      <div aria-hidden className="flex h-1.5 max-w-[80ch] gap-px overflow-hidden rounded-full bg-sunken">{counted.map((term, index) => <div key={term.name} className={shade(index)} style={{ width: `${term.part * Math.min(1, Math.max(0, found.sum)) * 100}%` }} />)}</div>
      <ul aria-label={say('why')} className="flex flex-wrap gap-x-4 gap-y-0.5 text-xs text-muted">
        {counted.map((term, index) => (
          <li key={term.name} className="inline-flex items-center gap-1.5 tabular-nums">
            <span aria-hidden className={`size-2 rounded-sm ${shade(index)}`} />
            {isKnown(term.name) ? say(`term_${term.name}`) : term.name} {number.decimal(term.value)}
          </li>
        ))}
        <li className="tabular-nums">{say('sum')} {number.decimal(found.sum)}</li>
      </ul>
    </div>
  );
};
