// The one script that a page includes. Pages of other sites take it by a name with its version and hash: see the page /embed.
import { ZhixunChat } from './element.js';

if (!customElements.get('zhixun-chat')) customElements.define('zhixun-chat', ZhixunChat);
