import "@digital-go-jp/design-tokens/dist/tokens.css";
import "./style/base.css";
import "./style/form.css";
import "./style/screen.css";
import "./style/print.css";
import { createRoot, hydrateRoot } from "react-dom/client";
import { api, call } from "./api/client";
import { App, Root } from "./root";

/** Who is logged in, asked while the page is still being drawn. If that fails, the log-in will say what is wrong. */
const session = call(api.GET("/api/v1/session")).catch(() => null);
// The script behind the log-in loads at the same time. A failure is told when that part is shown.
const asked = App.fetch().then(
  () => session,
  () => session,
);

const place = document.getElementById("page");
if (place?.hasChildNodes()) hydrateRoot(place, <Root asked={asked} atDoor />);
else if (place) createRoot(place).render(<Root asked={asked} />);
