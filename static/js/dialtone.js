// Small comforts; every page works without them.

// "Copy" buttons: <button data-copy="#id">.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.querySelector(button.dataset.copy);
    await navigator.clipboard.writeText(source.textContent.trim());
    const before = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = before; }, 1500);
  });
}

// Times are written in UTC by the server; they are shown in the reader's own zone.
const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.valueOf())) {
    time.title = time.textContent.trim();
    time.textContent = format.format(at);
  }
}

// A page that shows something live (an element with data-live) is read again every few seconds.
if (document.querySelector("[data-live]")) {
  setTimeout(() => { window.location.reload(); }, 5000);
}

// Forms that cannot be undone ask first: <form data-confirm="Release +1…?">.
for (const form of document.querySelectorAll("form[data-confirm]")) {
  form.addEventListener("submit", (event) => {
    if (!window.confirm(form.dataset.confirm)) event.preventDefault();
  });
}
