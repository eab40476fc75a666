// Draws the OpenAPI document with Swagger UI.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#viewer",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  displayRequestDuration: true,
  tagsSorter: "alpha",
  // Nothing is asked of anybody else: no validator badge.
  validatorUrl: null,
  // The page has a head of its own.
  plugins: [() => ({ wrapComponents: { InfoContainer: () => () => null } })],
});
