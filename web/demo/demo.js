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
