import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json, jsonParseLinter } from '@codemirror/lang-json';
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { linter, lintGutter, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef } from 'react';
import { styleNonce } from '../styleNonce.ts';
import { celLanguage } from './cel.ts';
import { offsetOf, type Mark } from './marks.ts';

export type EditorProps = { value: string; onChange?: (value: string) => void; language: 'json' | 'cel'; label: string; marks?: readonly Mark[]; describedBy?: string; className?: string };

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.bool, tags.null], color: 'var(--soma-info)' },
  { tag: [tags.string], color: 'var(--soma-ok)' },
  { tag: [tags.number], color: 'var(--soma-warn)' },
  { tag: [tags.propertyName, tags.function(tags.variableName)], color: 'var(--soma-accent)' },
  { tag: [tags.comment], color: 'var(--soma-muted)', fontStyle: 'italic' },
]);

const look = EditorView.theme({
  '&': { backgroundColor: 'var(--soma-surface)', color: 'var(--soma-text)', fontSize: '0.8125rem' },
  '&.cm-focused': { outline: '2px solid var(--soma-focus)', outlineOffset: '1px' },
  '.cm-content': { fontFamily: 'var(--font-mono)', fontVariantLigatures: 'none', caretColor: 'var(--soma-text)', padding: '0.5rem 0' },
  '.cm-cursor': { borderLeftColor: 'var(--soma-text)' },
  '.cm-gutters': { backgroundColor: 'var(--soma-sunken)', color: 'var(--soma-muted)', borderRight: '1px solid var(--soma-line)' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in oklab, var(--soma-hover) 55%, transparent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--soma-accent-soft)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--soma-accent-soft)', outline: '1px solid var(--soma-accent)' },
  '.cm-tooltip': { backgroundColor: 'var(--soma-surface)', color: 'var(--soma-text)', border: '1px solid var(--soma-line)' },
});

const noMarks: readonly Mark[] = [];

/** CodeMirror, with its style element under the page's nonce. Tab leaves it, so nobody is caught by the keyboard. */
export const Editor = ({ value, onChange, language, label, marks = noMarks, describedBy, className }: EditorProps) => {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const tell = useRef(onChange);
  tell.current = onChange;
  const isReadOnly = onChange === undefined;
  useEffect(() => {
    const attributes: Record<string, string> = { 'aria-label': label, 'aria-multiline': 'true', ...(describedBy ? { 'aria-describedby': describedBy } : {}), ...(isReadOnly ? { 'aria-readonly': 'true' } : {}) };
    const made = new EditorView({
      parent: place.current!,
      state: EditorState.create({
        doc: value,
        extensions: [
          EditorView.cspNonce.of(styleNonce), look, syntaxHighlighting(colours), lineNumbers(), drawSelection(), bracketMatching(), EditorView.lineWrapping, EditorView.contentAttributes.of(attributes), EditorState.readOnly.of(isReadOnly),
          language === 'json' ? [json(), ...(isReadOnly ? [] : [linter(jsonParseLinter())])] : celLanguage,
          ...(isReadOnly ? [] : [history(), indentOnInput(), highlightActiveLine(), lintGutter(), keymap.of([...defaultKeymap, ...historyKeymap])]),
          EditorView.updateListener.of((update) => update.docChanged && tell.current?.(update.state.doc.toString())),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
    // A new text of the same editor is put in below, so that the cursor stays.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [label, language, isReadOnly, describedBy]);
  useEffect(() => {
    const current = view.current;
    if (current && current.state.doc.toString() !== value) current.dispatch({ changes: { from: 0, to: current.state.doc.length, insert: value } });
  }, [value]);
  useEffect(() => {
    const current = view.current;
    if (!current || language === 'json' || isReadOnly) return;
    const text = current.state.doc.toString();
    const found = marks.map<Diagnostic>((mark) => {
      const from = offsetOf(text, mark);
      return { from, to: Math.min(text.length, from + 1), severity: 'error', message: mark.message };
    });
    current.dispatch(setDiagnostics(current.state, found));
  }, [marks, language, isReadOnly]);
  return <div ref={place} className={className} data-editor={language} />;
};
