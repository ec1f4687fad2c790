// The entry of a call or a visit: nothing typed is lost, answers are taken by a key, and a saved form leaves no trace behind.
const PREFIX = 'zhixun-desk:entry:';
const form = document.querySelector('[data-entry]');
const store = (name, value) => {
  try {
    if (value === undefined) return JSON.parse(sessionStorage.getItem(PREFIX + name) || 'null');
    if (value === null) return sessionStorage.removeItem(PREFIX + name);
    return sessionStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch { return null; }
};

// What was saved is no draft any more, unless another one was begun in the meantime.
const saved = document.querySelector('[data-entered]');
if (saved) {
  const name = saved.dataset.entered;
  const draft = store(name);
  if (draft && draft.sent) store(name, null);
}

if (form) begin(form.dataset.entry);

function begin(name) {
  const found = document.getElementById('found');
  const cited = document.getElementById('cited');
  const hidden = form.elements.knowledge;
  const keep = (more) => store(name, { fields: fieldsOf(form), titles: titlesOf(cited), ...more });

  // Nobody who signs in after somebody else keeps what that one had typed.
  try {
    Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX) && key !== PREFIX + name).forEach((key) => sessionStorage.removeItem(key));
  } catch { /* What cannot be kept needs no clearing. */ }
  const before = store(name);
  // A page that the server drew again holds all of it, and newer.
  if (form.dataset.fresh && before && before.fields.question) restore(before);
  else if (!form.dataset.fresh) keep();

  document.addEventListener('click', ({ target }) => {
    const taken = target.closest('[data-insert]');
    if (taken && found.contains(taken)) add(taken.dataset.cite, taken.dataset.title);
    const dropped = target.closest('#cited button');
    if (dropped) remove(dropped);
    if (target.closest('[data-discard]')) {
      store(name, null);
      location.assign(form.getAttribute('action'));
    }
  });
  // With scripts these act in the page, and must not be what Enter presses.
  const inPage = (part) => part.querySelectorAll('[name="use"], [name="drop"]').forEach((button) => { button.type = 'button'; });
  inPage(form);
  form.addEventListener('htmx:afterSwap', () => inPage(form));
  form.addEventListener('input', () => keep());
  form.addEventListener('change', () => keep());
  form.addEventListener('submit', () => keep({ sent: true }));

  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (event.isComposing || event.keyCode === 229 || document.querySelector('dialog[open]')) return;
    const line = target.tagName === 'INPUT' && form.contains(target) && !/^(radio|checkbox|submit|button)$/.test(target.type);
    if (key === 'F2') press(event, () => (found.querySelector('details[open] [data-insert]') || found.querySelector('[data-insert]') || form).click());
    else if (key === 'F8') press(event, next);
    else if (key === 'Enter' && (event.ctrlKey || event.metaKey) && form.contains(target) && !target.matches('[data-send]')) press(event, () => form.requestSubmit());
    // Enter in a field of one line would save what is half told.
    else if (key === 'Enter' && line) event.preventDefault();
  });

  // One answer is open at a time, so that F2 takes what is being read.
  function next() {
    const all = [...found.querySelectorAll('details')];
    const at = all.findIndex((one) => one.open);
    all.forEach((one, place) => { one.open = place === (at + 1) % all.length; });
    const open = all.find((one) => one.open);
    if (open) open.scrollIntoView({ block: 'nearest' });
  }

  function add(id, title) {
    if (![...cited.querySelectorAll('button')].some((one) => one.value === id)) cited.append(chip(id, title));
    keep();
  }

  function remove(button) {
    hidden.value = hidden.value.split(',').filter((one) => one && one !== button.value).join(',');
    button.closest('li').remove();
    keep();
    document.getElementById('words').focus();
  }

  function restore({ fields, titles }) {
    for (const control of form.elements) {
      const value = control.name in fields ? fields[control.name] : '';
      if (!control.name || control.name === 'csrf' || control.type === 'submit' || control.type === 'button') continue;
      if (/^(radio|checkbox)$/.test(control.type)) control.checked = value === control.value;
      else if (value || control.type !== 'hidden') control.value = value;
    }
    cited.replaceChildren(...Object.entries(titles).map(([id, title]) => chip(id, title)));
    const contact = document.getElementById('contact');
    contact.open = ['name', 'phone', 'unit', 'consent'].some((one) => fields[one]);
    document.getElementById('restored').hidden = false;
    // What was found is found again, and the fields of a service are fetched, when the page is wholly there.
    addEventListener('load', () => {
      form.elements.question.dispatchEvent(new Event('input', { bubbles: true }));
      if (!fields.service) return;
      document.getElementById('service-form').addEventListener('htmx:afterSwap', () => fill(fields), { once: true });
      form.elements.service.dispatchEvent(new Event('change', { bubbles: true }));
    });
  }

  function fill(fields) {
    for (const control of document.querySelectorAll('#service-form [name]')) if (fields[control.name]) control.value = fields[control.name];
    keep();
  }
}

function press(event, act) {
  event.preventDefault();
  act();
}

function chip(id, title) {
  const button = Object.assign(document.createElement('button'), { type: 'button', className: 'button small', name: 'drop', value: id, title: '\u53bb\u6389' });
  button.dataset.title = title;
  button.append(`${title} \u00d7`);
  const item = document.createElement('li');
  item.append(button);
  return item;
}

function titlesOf(list) {
  return Object.fromEntries([...list.querySelectorAll('button')].map((one) => [one.value, one.dataset.title]));
}

function fieldsOf(of) {
  const fields = Object.fromEntries(new FormData(of));
  delete fields.csrf;
  return fields;
}
