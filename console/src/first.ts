// What the first screen is made of. The build names it in every page that is fetched later, so that it is one file: a browser
// takes longer for ten small ones.
import "./load.tsx";
import "./pages/today.tsx";
import "./stale.tsx";
