import { renderToString } from "react-dom/server";
import { Root } from "./root";

/** The log-in as HTML, made when the page is built: it can be read and typed into while the scripts are still on their way. */
export function door(): string {
  return renderToString(<Root asked={new Promise(() => undefined)} atDoor />);
}
