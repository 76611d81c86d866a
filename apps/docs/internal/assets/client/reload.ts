// In docs serve: loads the page again when the workspace has changed, and shows why the site could not be renewed.

const events = new EventSource("/_events");
let version: string | undefined;

events.addEventListener("version", (event: MessageEvent<string>) => {
  if (version !== undefined && version !== event.data) {
    location.reload();
  }
  version = event.data;
  document.querySelector(".reload-problem")?.remove();
});

events.addEventListener("problem", (event: MessageEvent<string>) => {
  const problem = document.querySelector(".reload-problem") ?? document.body.appendChild(document.createElement("pre"));
  problem.className = "reload-problem";
  problem.setAttribute("role", "alert");
  problem.textContent = event.data;
});
