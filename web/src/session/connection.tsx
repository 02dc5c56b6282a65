import { t } from "../texts";

/** Says that the service cannot be reached; requests are sent again until it can. */
export function Connection({ reached }: { reached: boolean }) {
  return (
    <div role="status" className={reached ? "connection" : "connection away"}>
      {!reached && t.session.away}
    </div>
  );
}
