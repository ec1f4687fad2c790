// The citizen API over HTTP. Every failure comes out as a Trouble with a Chinese sentence that may be shown.
import { W } from './words.js';

const PATIENCE = 12000;
const PATIENCE_FILE = 300000;

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

// `about` is the id of the site whose page asks; the service knows its own pages and those of one site without it.
export function createApi(server, { about = '', fetcher = (...a) => fetch(...a), Upload = globalThis.XMLHttpRequest } = {}) {
  let session = '';

  async function call(method, path, body, patience = PATIENCE, read = readJson) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), patience);
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

  // Only this older way of asking tells how far an upload has come. `stop` takes the act that gives it up.
  function attach(file, onPart, stop) {
    return new Promise((done, fail) => {
      const request = new Upload();
      const lost = () => fail(new Trouble(W.fileLost));
      stop(() => { request.abort(); lost(); });
      request.open('POST', `${server}/api/v1/attachments`);
      const head = { ...headers(session), 'Content-Type': 'application/octet-stream', 'X-File-Name': named(file.name) };
      for (const [name, value] of Object.entries(head)) request.setRequestHeader(name, value);
      request.timeout = PATIENCE_FILE;
      request.upload.onprogress = ({ loaded, total }) => total && onPart(loaded / total);
      request.onload = () => {
        const data = parsed(request.responseText);
        if (request.status === 201 && data) done(data);
        else fail(troubleOf(data, request.status));
      };
      request.onerror = lost;
      request.ontimeout = lost;
      request.send(file);
    });
  }

  return {
    use(token) { session = token || ''; },
    site: () => call('GET', `/api/v1/site${about && `?site=${encodeURIComponent(about)}`}`),
    begin: (region) => call('POST', '/api/v1/sessions', { channel: 'web', ...(region && { region }), consent: true }),
    say: (text, id) => call('POST', '/api/v1/messages', { text, message_id: id }),
    since: (seq) => call('GET', `/api/v1/messages?after=${seq}`),
    attach,
    file: (id) => call('GET', `/api/v1/attachments/${id}`, null, PATIENCE_FILE, readFile),
    close: () => call('POST', '/api/v1/close', {}),
    rate: (scores, words, subject) => call('POST', '/api/v1/rating', { scores, ...(words && { words }), ...(subject && { subject }) }),
    clause: (source, at) => call('GET', `/api/v1/clauses?source=${encodeURIComponent(source)}&at=${encodeURIComponent(at)}`),
  };
}

function headers(session, body) {
  const out = { Accept: 'application/json' };
  if (body) out['Content-Type'] = 'application/json';
  if (session) out.Authorization = `Bearer ${session}`;
  return out;
}

async function readJson(answer) {
  let data = null;
  try { data = await answer.json(); } catch (problem) {
    if (problem && problem.name === 'AbortError') throw problem;
  }
  if (answer.ok && data) return data;
  throw troubleOf(data, answer.status);
}

const readFile = (answer) => (answer.ok ? answer.blob() : readJson(answer));

function troubleOf(data, status) {
  const told = (data && data.error) || {};
  return new Trouble(told.message || W.trouble, status, told.code, told.field);
}

function parsed(text) {
  try { return JSON.parse(text); } catch { return null; }
}

// A header takes ASCII only; half a character, as some file systems hold, cannot be written at all.
function named(name) {
  try { return encodeURIComponent(name); } catch { return ''; }
}
