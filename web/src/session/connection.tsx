import { t } from "../texts";

/** Says that the service is not reached; what was sent is sent again until it is. */
export function Connection({ reached }: { reached: boolean }) {
  return (
    <div role="status" className={reached ? "connection" : "connection away"}>
      {!reached && t.session.away}
    </div>
  );
}
