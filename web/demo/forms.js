// The pages work without this: it hides what does not apply to the one who asks, moves the focus to what is wrong, and copies.
const dependent = [...document.querySelectorAll('[data-when]')];

const show = () => {
  for (const field of dependent) {
    const wanted = Object.entries(JSON.parse(field.dataset.when));
    const fits = wanted.every(([name, values]) => {
      const chosen = document.querySelector(`input[name="${name}"]:checked`);
      return !chosen || values.includes(chosen.value);
    });
    field.hidden = !fits;
  }
};

document.addEventListener('change', show);
show();

const summary = document.getElementById('summary');
if (summary) summary.focus();

// A second press of the button must not look like a second request.
for (const form of document.querySelectorAll('form')) {
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = 'yes';
  });
}
// A page that comes back by the browser's own button can be sent again.
addEventListener('pageshow', () => document.querySelectorAll('form').forEach((form) => delete form.dataset.sent));

for (const button of document.querySelectorAll('[data-copy]')) {
  button.addEventListener('click', async () => {
    const words = document.getElementById(button.dataset.copy);
    const told = button.parentElement.querySelector('[role="status"]');
    try {
      await navigator.clipboard.writeText(words.textContent);
      told.textContent = '已复制';
    } catch {
      getSelection().selectAllChildren(words);
      told.textContent = '已选中，请按复制键';
    }
  });
}
