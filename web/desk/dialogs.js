// Windows over the page, and everything that Esc closes.
export const open = (id) => {
  const dialog = document.getElementById(id);
  if (dialog && dialog.showModal && !dialog.open) dialog.showModal();
  return dialog;
};

document.addEventListener('click', (event) => {
  const { target } = event;
  const opener = target.closest('[data-dialog]');
  // A link leads to the page that asks the same, wherever the window cannot be shown.
  if (opener && !event.ctrlKey && !event.metaKey && open(opener.dataset.dialog)) event.preventDefault();
  const dialog = target.closest('dialog');
  if (dialog && (target.closest('[data-close]') || (target === dialog && outside(dialog, event)))) dialog.close();
  closeMenus(target);
});

const outside = (node, { clientX, clientY }) => {
  const { left, right, top, bottom } = node.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
};

document.addEventListener('keydown', ({ key }) => key === 'Escape' && closeMenus(null));

// Menus and lists of results are closed by Esc and by a click elsewhere; the one with the focus gives it back.
function closeMenus(except) {
  for (const menu of document.querySelectorAll('details.narrow[open], details.menu[open]')) {
    if (except && menu.contains(except)) continue;
    if (menu.contains(document.activeElement)) menu.querySelector('summary').focus();
    menu.open = false;
  }
  for (const search of document.querySelectorAll('[data-results]')) {
    if (except && search.contains(except)) continue;
    if (search.querySelector('.results').contains(document.activeElement)) search.querySelector('input').focus();
    search.querySelector('.results').replaceChildren();
  }
}
