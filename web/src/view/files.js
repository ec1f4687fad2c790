// The files on their way, above the line to write in: how far each has come, or why it has not gone.
import { W } from '../words.js';
import { el, icon, show } from './dom.js';

export function createFiles(talk, { home }) {
  const root = el('ul', { class: 'files', 'aria-label': W.files, 'aria-live': 'polite', 'aria-relevant': 'additions', role: 'list' });
  const rows = new Map();

  function update({ files }) {
    for (const [id, row] of rows) if (!files.some((file) => file.id === id)) leave(id, row);
    show(root, files.length > 0);
    for (const file of files) {
      if (!rows.has(file.id)) rows.set(file.id, added(file));
      rows.get(file.id).update(file);
    }
  }

  function added(file) {
    const bar = el('progress', { max: '1', 'aria-label': `${W.fileSending} ${file.name}` });
    const why = el('p', { class: 'why' });
    const act = (words, done) => el('button', { type: 'button', class: 'plain', 'aria-label': `${words} ${file.name}`, onclick: done }, words);
    const drop = act(W.fileDrop, () => talk.drop(file.id));
    // The button goes as soon as it is pressed; the focus stays in its row.
    const again = act(W.fileRetry, () => { drop.focus(); talk.retry(file.id); });
    const node = el('li', null, el('span', { class: 'named' }, el('b', null, file.name), ` ${W.fileSize(file.size)}`), bar, why, again, drop);
    root.append(node);
    into(node);
    return { node, update: ({ state, part, problem }) => {
      show(bar, state === 'sending');
      bar.value = part;
      show(again, state === 'lost');
      show(why, Boolean(problem));
      if (why.textContent === problem) return;
      why.replaceChildren(problem);
      into(node);
    } };
  }

  // The list scrolls by itself; the newest row, and one that has failed, should be seen.
  const into = (node) => { root.scrollTop = node.offsetTop - root.offsetTop; };

  // A row takes the button that had the focus with it.
  function leave(id, { node }) {
    const focused = node.contains(node.getRootNode().activeElement);
    node.remove();
    rows.delete(id);
    if (focused) home();
  }

  return { root, update };
}

// A file in the conversation: a button and no link, as fetching it takes the session.
export function fileButton({ attachment, text }, open) {
  const words = `${W.fileSize(attachment.size)} · ${W.download}`;
  return el('button', { type: 'button', class: 'chip file', onclick: () => open(attachment.id, text) },
    icon('clip'), el('span', null, text, el('span', { class: 'soft' }, words)));
}
