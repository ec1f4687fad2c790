// The forms work without this: it hides what does not apply to the one who asks, and moves the focus to what is wrong.
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
