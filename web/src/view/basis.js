// The legal basis of an answer, opened: what it is, where and whether it holds, its gist, and the original if kept.
import { W } from '../words.js';
import { el } from './dom.js';
import { prose } from './prose.js';

export function basisCard(basis, fetchClause) {
  const facts = el('dl', { class: 'facts' });
  const gist = el('div');
  const original = el('div', { class: 'original', role: 'status' }, el('p', { class: 'soft' }, W.fetching));
  tell(facts, basis);
  tellGists(gist, [basis.gist]);
  fetchClause(basis).then(
    (clause) => {
      tell(facts, { ...basis, ...clause, locator: clause.locator || basis.locator });
      tellGists(gist, [basis.gist, ...(clause.gists || [])]);
      original.replaceChildren(...originalOf(clause.text));
    },
    () => original.replaceChildren(el('p', { class: 'soft' }, W.noClause)),
  );
  return [facts, gist, original];
}

function tell(facts, { locator, region, in_force: holds, issuer, number, since, until }) {
  const rows = [
    [W.article, locator],
    [W.force, holds === undefined ? '' : el('span', { class: holds ? 'good' : 'flag' }, holds ? W.inForce : W.notInForce)],
    [W.appliesIn, region],
    [W.issuer, issuer],
    [W.docNumber, number],
    [W.span, [since && W.since(inWords(since)), until && W.until(inWords(until))].filter(Boolean).join('，')],
  ];
  facts.replaceChildren(...rows.filter(([, value]) => value).map(([name, value]) => el('div', null, el('dt', null, name), el('dd', null, value))));
}

// 2019-11-01 reads as 2019年11月1日.
const inWords = (date) => String(date).replace(/^(\d{4})-0?(\d+)-0?(\d+).*$/, '$1年$2月$3日');

function tellGists(box, gists) {
  const own = [...new Set(gists.filter(Boolean))];
  box.replaceChildren(...(own.length ? [el('h3', null, W.gist), el('div', { class: 'prose' }, own.map((one) => prose(one)))] : []));
}

function originalOf(text) {
  if (!text) return [el('p', { class: 'soft' }, W.noOriginal)];
  return [el('h3', null, W.original), el('blockquote', { class: 'prose' }, prose(text))];
}
