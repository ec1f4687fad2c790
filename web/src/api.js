// The citizen API over HTTP. Every failure comes out as a Trouble with a Chinese sentence that may be shown.
import { W } from './words.js';

const PATIENCE = 12000;

export class Trouble extends Error {
  constructor(message, status = 0, code = '', field = '') {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
  }

  // The citizen's words were refused; sending them again unchanged is no use by itself.
  get refused() {
    return this.status >= 400 && this.status < 500 && this.status !== 408 && this.status !== 429;
  }
}

export function createApi(server, fetcher = (...a) => fetch(...a)) {
  let session = '';

  async function call(method, path, body) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), PATIENCE);
    try {
      const answer = await fetcher(server + path, {
        method,
        headers: headers(session, body),
        body: body ? JSON.stringify(body) : undefined,
        signal: stop.signal,
        credentials: 'omit',
        cache: 'no-store',
      });
      return await read(answer);
    } catch (problem) {
      if (problem instanceof Trouble) throw problem;
      throw new Trouble(stop.signal.aborted ? W.timeout : W.offline);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    use(token) { session = token || ''; },
    site: () => call('GET', '/api/v1/site'),
    begin: (region) => call('POST', '/api/v1/sessions', { channel: 'web', ...(region && { region }), consent: true }),
    say: (text, id) => call('POST', '/api/v1/messages', { text, message_id: id }),
    since: (seq) => call('GET', `/api/v1/messages?after=${seq}`),
    close: () => call('POST', '/api/v1/close', {}),
    rate: (scores, words) => call('POST', '/api/v1/rating', { scores, ...(words && { words }) }),
    clause: (source, at) => call('GET', `/api/v1/clauses?source=${encodeURIComponent(source)}&at=${encodeURIComponent(at)}`),
  };
}

function headers(session, body) {
  const out = { Accept: 'application/json' };
  if (body) out['Content-Type'] = 'application/json';
  if (session) out.Authorization = `Bearer ${session}`;
  return out;
}

async function read(answer) {
  let data = null;
  try { data = await answer.json(); } catch (problem) {
    if (problem && problem.name === 'AbortError') throw problem;
  }
  if (answer.ok && data) return data;
  const told = (data && data.error) || {};
  throw new Trouble(told.message || W.trouble, answer.status, told.code, told.field);
}
