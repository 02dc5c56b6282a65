import { type Asked, SessionGate } from "./session/session";
import { Guarded } from "./ui/guarded";
import { later } from "./ui/later";

/** What stands behind the log-in. */
export const App = later(() => import("./app"));

/** The whole page. `atDoor` it begins with the log-in, which then need not wait for the answer. */
export function Root({ asked, atDoor = false }: { asked: Asked; atDoor?: boolean }) {
  return (
    <Guarded>
      <SessionGate asked={asked} atDoor={atDoor}>
        <App />
      </SessionGate>
    </Guarded>
  );
}
