// <zhixun-chat>: the element that a page puts in. It owns the consultation and shows it as its attributes say.
import css from './widget.css';
import { createConsultation } from './consultation.js';
import { el } from './view/dom.js';
import { createPanel } from './view/panel.js';

const HOME = new URL(document.currentScript ? document.currentScript.src : location.href, location.href);

export class ZhixunChat extends HTMLElement {
  static get observedAttributes() { return ['mode', 'server', 'open']; }

  connectedCallback() {
    if (!this.shadowRoot) dress(this.attachShadow({ mode: 'open' }));
    this.begin();
    const signal = (this.leaving = new AbortController()).signal;
    addEventListener('online', () => this.talk.nudge(), { signal });
    addEventListener('offline', () => this.talk.cut(), { signal });
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.talk.nudge(); }, { signal });
    document.addEventListener('click', (event) => this.asked(event), { signal });
  }

  disconnectedCallback() {
    this.leaving.abort();
    this.finish();
  }

  attributeChangedCallback(name, before, now) {
    if (!this.panel || before === now) return;
    if (name === 'open') this.toggle(now !== null);
    else if (name === 'mode') this.lay();
    else { this.finish(); this.begin(); }
  }

  // Opens the window; with words, asks them (after consent, if it has not been given yet).
  ask(text) {
    this.toggle(true);
    if (text) this.talk.ask(text);
    this.panel.enter();
  }

  begin() {
    const server = new URL(this.getAttribute('server') || HOME.origin, location.href).href.replace(/\/+$/, '');
    this.talk = createConsultation({ server });
    this.lay();
    // A consultation under way is followed even while the window is folded, so that a reply can ring.
    if (this.talk.hasSession()) this.talk.start();
    if (this.hasAttribute('open')) this.panel.open();
  }

  finish() {
    this.talk.stop();
    this.panel.unmount();
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

  // Any button of the page with data-zhixun-ask="…" asks that question: no script of the page's own is needed.
  asked(event) {
    const button = event.target.closest && event.target.closest('[data-zhixun-ask]');
    if (button) this.ask(button.dataset.zhixunAsk);
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
