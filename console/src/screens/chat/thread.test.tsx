import { render, screen } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { hostile } from '../../../browser/hostile.mjs';
import { Markdown, splitBlocks } from './markdown.tsx';
import { stateOf } from './ToolUse.tsx';

describe('blocks', () => {
  it('are cut at blank lines, never inside of code', () => {
    expect(splitBlocks('a\n\nb\nc\n\n```\nx\n\ny\n```\n\nd')).toEqual(['a', 'b\nc', '```\nx\n\ny\n```', 'd']);
  });

  it('stay the same while the last one grows', () => {
    const text = 'One.\n\n- two\n- three\n\n```js\nfour\n\nfive\n```\n\nSix.';
    const whole = splitBlocks(text);
    for (let end = 1; end < text.length; end++) {
      const part = splitBlocks(text.slice(0, end));
      expect(part.slice(0, -1)).toEqual(whole.slice(0, part.length - 1));
    }
  });
});

describe('the words of a model', () => {
  it('carry no markup, no script, no picture and no address of a script', () => {
    const { container } = render(<Markdown text={hostile.join('\n\n')} cite={() => null} />);
    expect(container.querySelectorAll('script, img, iframe, svg, style, object, base, meta, form, input, [onerror], [onload], [ontoggle], [onfocus]')).toHaveLength(0);
    for (const link of container.querySelectorAll('a')) expect(link.getAttribute('href') ?? '').toMatch(/^(https?:|mailto:|#|$)/);
    expect(container.textContent).toContain('<script>globalThis.__owned=1</script>');
  });

  it('show a citation where its number stands, and leave numbers in code alone', () => {
    render(<Markdown text={'Two people release it [1], see `list[2]` and [9].'} cite={(n) => (n === 1 ? <button type="button">cite {n}</button> : null)} />);
    expect(screen.getByRole('button', { name: 'cite 1' })).toBeTruthy();
    expect(screen.getByText('list[2]')).toBeTruthy();
    expect(screen.getByText(/\[9\]/)).toBeTruthy();
  });
});

describe('a use of a tool', () => {
  it('shows what became of it, and unknown as unknown', () => {
    expect(stateOf({ status: 'succeeded' }, { status: 'open' })).toBe('done');
    expect(stateOf({ status: 'awaiting_approval' }, { status: 'awaiting_approval' })).toBe('approval-requested');
    expect(stateOf({ status: 'unknown' }, { status: 'completed' })).toBe('unknown');
  });

  it('does not go on in a turn that has ended', () => {
    expect(stateOf({ status: 'running' }, { status: 'cancelled' })).toBe('cancelled');
    expect(stateOf({ status: 'awaiting_approval' }, { status: 'failed' })).toBe('cancelled');
    expect(stateOf({ status: 'failed' }, { status: 'completed' })).toBe('failed');
  });
});
