import { fireEvent, render, screen } from '@testing-library/react';
import { beforeEach, describe, expect, it } from 'vitest';
import type { VoiceCall } from './call.ts';
import { TalkButton } from './TalkButton.tsx';

/** Writes down what the button asks for. */
const recorder = () => {
  const asked: string[] = [];
  return { asked, call: { talk: () => asked.push('talk'), done: () => asked.push('done') } as unknown as VoiceCall };
};

beforeEach(() => {
  // The test's document has no pointers to capture.
  Element.prototype.setPointerCapture ??= () => undefined;
});

describe('the button to talk', () => {
  it('listens while it is held, by pointer or key, and a held key that repeats begins nothing anew', () => {
    const { asked, call } = recorder();
    render(<TalkButton call={call} hearing={false} disabled={false} press={false} />);
    const button = screen.getByRole('button', { name: 'Hold to talk' });
    fireEvent.pointerDown(button, { button: 0, pointerId: 1 });
    fireEvent.pointerUp(button);
    fireEvent.keyDown(button, { key: ' ' });
    fireEvent.keyDown(button, { key: ' ', repeat: true });
    fireEvent.keyUp(button, { key: ' ' });
    fireEvent.keyUp(button, { key: ' ' });
    expect(asked).toEqual(['talk', 'done', 'talk', 'done']);
  });

  it('ends when the hand goes elsewhere, and no other button of the mouse begins', () => {
    const { asked, call } = recorder();
    render(<TalkButton call={call} hearing={false} disabled={false} press={false} />);
    const button = screen.getByRole('button', { name: 'Hold to talk' });
    fireEvent.pointerDown(button, { button: 2, pointerId: 1 });
    fireEvent.keyDown(button, { key: 'Enter' });
    fireEvent.blur(button);
    fireEvent.keyDown(button, { key: 'x' });
    expect(asked).toEqual(['talk', 'done']);
  });

  it('can be pressed twice instead of held, and says which state it is in', () => {
    const { asked, call } = recorder();
    const { rerender } = render(<TalkButton call={call} hearing={false} disabled={false} press />);
    fireEvent.click(screen.getByRole('button', { name: 'Talk', pressed: false }));
    rerender(<TalkButton call={call} hearing disabled={false} press />);
    fireEvent.click(screen.getByRole('button', { name: 'Done', pressed: true }));
    expect(asked).toEqual(['talk', 'done']);
  });
});
