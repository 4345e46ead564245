import { memo, type ReactNode } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import rehypeSanitize from 'rehype-sanitize';
import remarkGfm from 'remark-gfm';

type MdNode = { type: string; value?: string; url?: string; children?: MdNode[] };

const mark = /\[(\d{1,3})\]/g;
const citePrefix = '#cite-';

/** Turns `[3]` in the words of an answer into a link to its citation; code stays as it is. */
const citeMarks = () => (tree: MdNode) => {
  const visit = (node: MdNode) => {
    node.children = node.children?.flatMap((child) => {
      if (child.type !== 'text') {
        if (child.type !== 'link') visit(child);
        return [child];
      }
      const parts: MdNode[] = [];
      let at = 0;
      for (const match of child.value!.matchAll(mark)) {
        if (match.index > at) parts.push({ type: 'text', value: child.value!.slice(at, match.index) });
        parts.push({ type: 'link', url: citePrefix + match[1], children: [{ type: 'text', value: match[1] }] });
        at = match.index + match[0].length;
      }
      if (at < child.value!.length) parts.push({ type: 'text', value: child.value!.slice(at) });
      return parts;
    });
  };
  visit(tree);
};

/** Blocks that can no longer change while an answer grows: cut at blank lines outside of code. */
export const splitBlocks = (text: string): readonly string[] => {
  const blocks: string[] = [];
  let block: string[] = [];
  let fence = '';
  for (const line of text.split('\n')) {
    const opens = /^\s*(```+|~~~+)/.exec(line)?.[1];
    if (opens && !fence) fence = opens[0]!.repeat(3);
    else if (opens && fence && opens.startsWith(fence)) fence = '';
    if (line.trim() === '' && !fence && block.length > 0) {
      blocks.push(block.join('\n'));
      block = [];
    } else if (line.trim() !== '' || fence) block.push(line);
  }
  if (block.length > 0) blocks.push(block.join('\n'));
  return blocks;
};

const Block = memo(({ text, cite }: { text: string; cite: (n: number) => ReactNode }) => {
  const components: Components = {
    a: ({ href, children }) =>
      href?.startsWith(citePrefix) ? (cite(Number(href.slice(citePrefix.length))) ?? `[${href.slice(citePrefix.length)}]`) : <a href={href} target="_blank" rel="noopener noreferrer nofollow">{children}</a>,
    // A picture of somebody else's choosing would tell them that it was seen.
    img: ({ alt, src }) => <span className="text-muted">[{alt || String(src ?? '')}]</span>,
    input: ({ checked }) => <span aria-hidden>{checked ? '☑' : '☐'} </span>,
  };
  return <ReactMarkdown remarkPlugins={[remarkGfm, citeMarks]} rehypePlugins={[rehypeSanitize]} components={components}>{text}</ReactMarkdown>;
});

/** Words of a model: Markdown, never markup. */
export const Markdown = ({ text, cite }: { text: string; cite: (n: number) => ReactNode }) => (
  <div className="soma-prose">{splitBlocks(text).map((block, index) => <Block key={index} text={block} cite={cite} />)}</div>
);
