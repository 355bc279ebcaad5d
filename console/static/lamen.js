// Keeps what is typed: each time a field of a form with data-draft is left, its fields go to that address. Without this script
// the draft is kept when a form is sent after the session ended.
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (!form || !form.dataset.draft) return;
  const fields = new FormData();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") fields.append(name, value);
  fetch(form.dataset.draft, { method: "POST", body: fields, credentials: "same-origin" }).catch(() => {});
});
