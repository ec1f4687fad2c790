// The demo page's own small script: the widget stands beside the text on a wide screen and floats on a narrow one.
const root = document.documentElement;
root.classList.remove('no-js');

const chat = document.querySelector('zhixun-chat');
const wide = matchMedia('(min-width: 64em)');
const place = () => {
  if (wide.matches) chat.setAttribute('mode', 'page');
  else chat.removeAttribute('mode');
};
place();
wide.addEventListener('change', place);

const snippet = document.getElementById('snippet');
snippet.textContent = `<script src="${new URL('widget.js', location.href)}" defer></script>\n<zhixun-chat></zhixun-chat>`;

document.getElementById('copy').addEventListener('click', async () => {
  const told = document.getElementById('copied');
  try {
    await navigator.clipboard.writeText(snippet.textContent);
    told.textContent = '已复制';
  } catch {
    getSelection().selectAllChildren(snippet);
    told.textContent = '已选中，请按复制键';
  }
});
