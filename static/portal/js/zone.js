// Tell the server the browser's time zone at sign-in, so that the first page shows local times.
const field = document.querySelector("input[name=time_zone]");
if (field) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
