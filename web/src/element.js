// <zhixun-chat>: the element that a page puts in. It owns the consultation and shows it as its attributes say.
import css from './widget.css';
import { createConsultation } from './consultation.js';
import { createMemory, ofTab } from './memory.js';
import { el } from './view/dom.js';
import { createPanel } from './view/panel.js';

const HOME = new URL(document.currentScript ? document.currentScript.src : location.href, location.href);

export class ZhixunChat extends HTMLElement {
  static get observedAttributes() { return ['mode', 'server', 'open', 'data-site']; }

  connectedCallback() {
    this.begin();
    const signal = (this.leaving = new AbortController()).signal;
    addEventListener('online', () => (this.panel ? this.talk.nudge() : this.knock()), { signal });
    addEventListener('offline', () => this.talk.cut(), { signal });
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.talk.nudge(); }, { signal });
    document.addEventListener('click', (event) => this.asked(event), { signal });
  }

  disconnectedCallback() {
    this.leaving.abort();
    this.finish();
  }

  attributeChangedCallback(name, before, now) {
    if (!this.talk || before === now) return;
    if (name === 'server' || name === 'data-site') { this.finish(); this.begin(); }
    else if (this.panel && name === 'open') this.toggle(now !== null);
    else if (this.panel) this.lay();
  }

  // Opens the window; with words, asks them (after consent, if it has not been given yet).
  ask(text) {
    if (!this.panel) return;
    this.toggle(true);
    if (text) this.talk.ask(text);
    this.panel.enter();
  }

  begin() {
    const server = new URL(this.getAttribute('server') || HOME.origin, location.href).href.replace(/\/+$/, '');
    this.abroad = new URL(server).origin !== location.origin;
    this.talk = createConsultation({ server, about: this.dataset.site, memory: createMemory(server, this.abroad ? ofTab() : undefined) });
    if (this.abroad) this.knock();
    else this.show();
  }

  // On a page of another site the assistant stands only where the service admits it; until then, and where it does not, what
  // the page has put between the element's tags is seen as it is: a plain link, or nothing.
  async knock() {
    const { talk } = this;
    if (await talk.admitted() && talk === this.talk && !this.panel && this.isConnected) this.show();
  }

  show() {
    if (!this.shadowRoot) dress(this.attachShadow({ mode: 'open' }));
    this.lay();
    // A consultation under way is followed even while the window is folded, so that a reply can ring.
    if (this.talk.hasSession()) this.talk.start();
    if (this.hasAttribute('open')) this.panel.open();
  }

  finish() {
    this.talk.stop();
    if (this.panel) this.panel.unmount();
    this.panel = null;
  }

  lay() {
    const wasOpen = this.panel && this.panel.isOpen();
    if (this.panel) this.panel.unmount();
    const floating = this.getAttribute('mode') !== 'page';
    this.panel = createPanel(this.talk, {
      floating,
      region: () => this.getAttribute('region') || '',
      onToggle: (open) => {
        this.toggleAttribute('open', open);
        this.dispatchEvent(new CustomEvent(open ? 'zhixun-open' : 'zhixun-close', { bubbles: true, composed: true }));
      },
    });
    this.panel.mount(this.shadowRoot);
    if (wasOpen && floating && this.hasAttribute('open')) this.panel.open();
  }

  toggle(open) {
    if (open) this.panel.open();
    else this.panel.close();
  }

  // Any button or link of the page with data-zhixun-ask="…" asks that question: no script of the page's own is needed. A link
  // still leads where it points to where the page cannot have the assistant.
  asked(event) {
    const button = event.target.closest && event.target.closest('[data-zhixun-ask]');
    if (!button || !this.panel) return;
    event.preventDefault();
    this.ask(button.dataset.zhixunAsk);
  }
}

// A constructed stylesheet passes a strict content policy; older browsers fetch the same rules as a file.
function dress(shadow) {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [sheet];
  } catch {
    shadow.append(el('link', { rel: 'stylesheet', href: new URL('widget.css', HOME).href }));
  }
}
