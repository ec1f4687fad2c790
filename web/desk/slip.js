// The agency's page of a slip. Its link carries number and code behind the hash: they are put into the form and taken out of
// the address bar before anything is sent. The page works without this; both are typed then.
const form = document.getElementById('open');

const open = () => {
  const [number, code] = location.hash.slice(1).split('/').map((part) => part.trim());
  if (!form || !number || !code) return;
  history.replaceState(null, '', location.pathname);
  form.elements.number.value = number;
  form.elements.code.value = code;
  form.submit();
};

// A second link may be opened in a window that shows this page already.
addEventListener('hashchange', open);
open();

const summary = document.getElementById('summary');
if (summary) summary.focus();

const print = document.querySelector('button.print');
if (print) {
  print.hidden = false;
  print.addEventListener('click', () => window.print());
}

// A second press of the button must not look like a second answer.
for (const each of document.querySelectorAll('form')) {
  each.addEventListener('submit', (event) => {
    if (each.dataset.sent) event.preventDefault();
    each.dataset.sent = 'yes';
  });
}
// A page that comes back by the browser's own button can be sent again.
addEventListener('pageshow', () => document.querySelectorAll('form').forEach((each) => delete each.dataset.sent));
