import { type Asked, SessionGate } from "./session/session";
import { Guarded } from "./ui/guarded";
import { later } from "./ui/later";

/** The part of the page behind the log-in. */
export const App = later(() => import("./app"));

/** The whole page. With `atDoor` it begins with the log-in, without waiting for the answer. */
export function Root({ asked, atDoor = false }: { asked: Asked; atDoor?: boolean }) {
  return (
    <Guarded>
      <SessionGate asked={asked} atDoor={atDoor}>
        <App />
      </SessionGate>
    </Guarded>
  );
}
