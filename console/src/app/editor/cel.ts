import { StreamLanguage } from '@codemirror/language';

const words = /^(?:true|false|null|in)\b/;
const macros = /^(?:has|all|exists|exists_one|map|filter|size|matches|contains|startsWith|endsWith|timestamp|duration|int|uint|double|string|bytes|bool|type|dyn)(?=\s*\()/;

/** The look of the Common Expression Language; what is right is the server's to say. */
export const celLanguage = StreamLanguage.define<{ quote: string | null }>({
  name: 'cel',
  startState: () => ({ quote: null }),
  token(stream, state) {
    if (state.quote) {
      for (let escaped = false; !stream.eol(); ) {
        const next = stream.next();
        if (!escaped && next === state.quote) {
          state.quote = null;
          break;
        }
        escaped = !escaped && next === '\\';
      }
      // A text ends with its line unless it is written with three quotes, which conditions are not.
      if (stream.eol()) state.quote = null;
      return 'string';
    }
    if (stream.eatSpace()) return null;
    if (stream.match('//')) {
      stream.skipToEnd();
      return 'comment';
    }
    if (stream.match(/^[rRbB]{0,2}(?=['"])/) !== null && (stream.peek() === "'" || stream.peek() === '"')) {
      state.quote = stream.next()!;
      return 'string';
    }
    if (stream.match(/^(?:0x[\da-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)u?/)) return 'number';
    if (stream.match(words)) return 'keyword';
    if (stream.match(macros)) return 'function';
    if (stream.match(/^[A-Za-z_]\w*/)) return 'variableName';
    if (stream.match(/^(?:&&|\|\||[=!<>]=|[-+*/%<>!?:])/)) return 'operator';
    stream.next();
    return null;
  },
});
