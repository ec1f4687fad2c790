// The one script that a page includes: <script src="https://…/widget.js" defer></script> <zhixun-chat></zhixun-chat>
import { ZhixunChat } from './element.js';

if (!customElements.get('zhixun-chat')) customElements.define('zhixun-chat', ZhixunChat);
