import { cn } from './cn.ts';
import { layersOf } from './runLayers.ts';
import { stepLook, StepState } from './StepState.tsx';
import { fill, useText } from './text.tsx';

export type GraphStep = { id: string; detail: string; state: string; after: readonly string[] };

const width = 184;
const height = 76;
const gapX = 44;
const gapY = 16;
const edge = 8;

const borders: Record<string, string> = { ok: 'border-ok', bad: 'border-bad', warn: 'border-warn', info: 'border-info' };

/** What comes after what, read in the direction of the text. Nodes are buttons in the order of the steps; lines are for the eye. */
export const RunGraph = ({ label, steps, selected, onSelect }: { label: string; steps: readonly GraphStep[]; selected?: string | null; onSelect?: (id: string) => void }) => {
  const text = useText();
  const places = new Map(layersOf(steps).map((place) => [place.id, { x: edge + place.column * (width + gapX), y: edge + place.row * (height + gapY) }]));
  const all = [...places.values()];
  const size = { width: Math.max(0, ...all.map((one) => one.x)) + width + edge, height: Math.max(0, ...all.map((one) => one.y)) + height + edge };
  const lines = steps.flatMap((step) => step.after.filter((one) => places.has(one)).map((one) => ({ id: `${one} ${step.id}`, from: places.get(one)!, to: places.get(step.id)!, done: ['completed', 'skipped', 'compensated'].includes(steps.find((other) => other.id === one)!.state) })));
  return (
    <div role="region" aria-label={label} tabIndex={0} className="overflow-auto focus-visible:-outline-offset-2">
      <div className="relative" style={size}>
        <svg aria-hidden viewBox={`0 0 ${size.width} ${size.height}`} className="absolute inset-0 size-full fill-none rtl:-scale-x-100">
          {lines.map(({ id, from, to, done }) => {
            const [x1, y1, x2, y2] = [from.x + width, from.y + height / 2, to.x, to.y + height / 2];
            const bend = Math.min(gapX / 2, (x2 - x1) / 2);
            return <path key={id} d={`M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - 2} ${y2} M${x2 - 7} ${y2 - 4} L${x2 - 2} ${y2} L${x2 - 7} ${y2 + 4}`} strokeWidth={1.5} className={done ? 'stroke-ok' : 'stroke-line-strong'} strokeDasharray={done ? undefined : '4 3'} />;
          })}
        </svg>
        <ol>
          {steps.map((step) => {
            const { x, y } = places.get(step.id)!;
            return (
              <li key={step.id} className="absolute" style={{ insetInlineStart: x, top: y, width, height }}>
                <button type="button" aria-pressed={onSelect ? step.id === selected : undefined} onClick={() => onSelect?.(step.id)} className={cn('flex size-full flex-col items-start justify-center gap-0.5 rounded-lg border bg-surface px-3 text-start shadow-card hover:bg-hover', borders[stepLook(step.state).tone] ?? 'border-line', step.id === selected && 'bg-accent-soft')}>
                  <span className="w-full truncate text-sm font-semibold">{step.id}</span>
                  <span className="w-full truncate font-mono text-xs text-muted">{step.detail}</span>
                  <StepState state={step.state} />
                  <span className="sr-only">{step.after.length > 0 ? fill(text.stepAfter, { names: step.after.join(', ') }) : text.stepFirst}</span>
                </button>
              </li>
            );
          })}
        </ol>
      </div>
    </div>
  );
};
