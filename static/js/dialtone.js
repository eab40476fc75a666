// Small comforts; every page works without them.

// "Copy" buttons: <button data-copy="#id">.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent.trim());
      button.textContent = "Copied";
    } catch {
      // The browser gives the clipboard to secure pages alone: select the text instead.
      window.getSelection().selectAllChildren(document.querySelector(button.dataset.copy));
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = before; }, 1500);
  });
}

// Times are written in UTC by the server; they are shown in the reader's own zone.
const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const showTimes = (part) => {
  for (const time of part.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.valueOf())) {
      time.title = time.textContent.trim();
      time.textContent = format.format(at);
    }
  }
};
showTimes(document);

// Forms that cannot be undone ask first: <form data-confirm="Release +1…?">.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// Files go with a form as text: <input type="file" data-into="#field">.
for (const input of document.querySelectorAll("input[type=file][data-into]")) {
  input.addEventListener("change", () => {
    const field = document.querySelector(input.dataset.into);
    field.value = "";
    if (!input.files[0]) return;
    const reader = new FileReader();
    reader.addEventListener("load", () => { field.value = reader.result; });
    reader.readAsDataURL(input.files[0]);
  });
}

// What is addressed by the fragment is opened, where it can be.
const addressed = window.location.hash && document.getElementById(window.location.hash.slice(1));
if (addressed instanceof HTMLDetailsElement) addressed.open = true;

// A page that shows something live (an element with data-live) is read again every two seconds, without a flicker,
// until it is live no more. Where parts of it say so (data-live="part", with an id), they alone are put in place of what
// was there, and what somebody types beside them stays.
const LIVE_EVERY_MS = 2000;
const REACH = "a, button, summary, [tabindex]";
const replace = (old, put) => {
  const focused = [...old.querySelectorAll(REACH)].indexOf(document.activeElement);
  const now = put();
  now.querySelectorAll(REACH)[focused]?.focus();
};
const renew = async () => {
  const main = document.querySelector("main");
  if (!main.querySelector("[data-live]")) return;
  try {
    const answer = await fetch(window.location.href, { headers: { Accept: "text/html" }, redirect: "error" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main");
    const parts = [...main.querySelectorAll('[data-live="part"]')];
    if (answer.ok && fresh && parts.length > 0) {
      showTimes(fresh);
      for (const part of parts) {
        const now = page.getElementById(part.id);
        if (now) replace(part, () => { part.replaceWith(now); return now; });
      }
    } else if (answer.ok && fresh && !document.activeElement.matches("main :is(input, select, textarea)")) {
      showTimes(fresh);
      replace(main, () => { main.replaceChildren(...fresh.childNodes); return main; });
    }
  } catch {
    // The server is away, or the session has ended: the next try will tell.
  }
  setTimeout(renew, LIVE_EVERY_MS);
};
if (document.querySelector("[data-live]")) setTimeout(renew, LIVE_EVERY_MS);
