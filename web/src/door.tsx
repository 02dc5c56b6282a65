import { renderToString } from "react-dom/server";
import { Root } from "./root";

/** The log-in as HTML, made when the page is built, so that people can read it and type into it while the scripts are still loading. */
export function door(): string {
  return renderToString(<Root asked={new Promise(() => undefined)} atDoor />);
}
