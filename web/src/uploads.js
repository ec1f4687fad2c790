// Files on their way: looked at here first, sent one after the other, and kept until they are heard of or dropped.
import { FILE_LIMIT, fileChanged, withFile, withoutFile } from './state.js';
import { W } from './words.js';

const TAKEN = /\.(png|jpe?g|webp|pdf|docx?)$/i;
export const ACCEPT = '.png,.jpg,.jpeg,.webp,.pdf,.doc,.docx,image/png,image/jpeg,image/webp,application/pdf';

export function createUploads({ store, api, newId, sent, gone }) {
  const held = new Map();
  let turn = Promise.resolve();

  function add(files) {
    for (const file of files) {
      if (store.get().phase !== 'talking') return;
      const id = newId();
      const problem = flawOf(file);
      store.set((state) => withFile(state, { id, name: file.name, size: file.size, ...(problem && { state: 'refused', problem }) }));
      if (!problem) hold(id, file);
    }
  }

  function hold(id, file) {
    held.set(id, { file, giveUp() {} });
    turn = turn.then(() => deliver(id));
  }

  async function deliver(id) {
    const one = held.get(id);
    if (!one) return;
    const change = (now) => held.has(id) && store.set((state) => fileChanged(state, id, now));
    try {
      await api.attach(one.file, (part) => change({ part }), (giveUp) => { one.giveUp = giveUp; });
      drop(id);
      sent();
    } catch (problem) {
      if (problem.status === 401 && held.has(id)) gone();
      change({ state: problem.refused ? 'refused' : 'lost', problem: problem.message, part: 0 });
    }
  }

  function retry(id) {
    const one = held.get(id);
    if (!one) return;
    store.set((state) => fileChanged(state, id, { state: 'sending', problem: '' }));
    hold(id, one.file);
  }

  function drop(id) {
    const one = held.get(id);
    held.delete(id);
    if (one) one.giveUp();
    store.set((state) => withoutFile(state, id));
  }

  const stop = () => store.get().files.forEach((file) => drop(file.id));

  return { add, retry, drop, stop };
}

function flawOf({ name, type, size }) {
  if (!TAKEN.test(name) && !ACCEPT.split(',').includes(type)) return W.fileType;
  if (size > FILE_LIMIT) return W.fileLarge;
  return size ? '' : W.fileEmpty;
}
