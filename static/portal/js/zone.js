// Tell the server the browser's time zone at sign-in, so that the first page shows local times.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
for (const field of document.querySelectorAll("input[name=time_zone]")) field.value = zone;
